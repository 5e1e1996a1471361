"""That the comparison of outputs forgives numbers and sees the rest. python3 tests/docs/test_shape.py"""
from shape import difference

SHOWN = """photos: 1,000 training photos of 2 classes: Car, Truck
Epoch 1/8  loss 0.7961  accuracy 0.5710  0.8 s  1364 images/s  *
...
Epoch 8/8  loss 0.0583  accuracy 0.9810  0.5 s  1939 images/s
best epoch 6 of 8: accuracy 0.8700
wrote 1 file, 14.7 MB, to /home/me/.cache/cvtool/pixels""".split("\n")
PRINTED = """photos: 32 training photos of 2 classes: Car, Truck
Epoch  1/2  loss 0.7  accuracy 0.5  1 min 02 s  12 images/s
Epoch  2/2  loss 1e-05  accuracy 0.6  0.1 s  12 images/s  *
overfitting: at the end training accuracy is 0.9
best epoch 2 of 2: accuracy 0.5000
wrote 12 files, 1 kB, to /home/me/.cache/cvtool/pixels""".split("\n")


def differs(printed):
    return bool(difference(SHOWN, printed))


assert not differs(PRINTED), difference(SHOWN, PRINTED)
assert differs(PRINTED[:-1]), "a line that is missing at the end"
assert differs([*PRINTED, "one more"]), "a line more at the end"
assert differs(PRINTED[1:]), "a line that is missing at the start"
assert differs([line.replace("accuracy", "top1") for line in PRINTED]), "another word"
assert differs([line.replace("  loss 0.7", "").replace("  loss 1e-05", "") for line in PRINTED]), "a column less"
assert not differs([*PRINTED[:3], "something that the page does not show", *PRINTED[4:]]), "a line in a gap"
assert differs(["something that the page does not show", *PRINTED]), "a line outside of a gap"
assert differs([]), "nothing"
assert not difference(["unknown recipe (one of a, ...)"], ["unknown recipe (one of a, b, c)"])
assert difference(["first", "second"], ["second", "first"])
print("numbers are forgiven, words and lines are not")
