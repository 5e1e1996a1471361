"""Makes the pictures of this folder anew: make.py FOLDER (python3-pil, python3-numpy, libheif-examples with its encoders).

Most show the same 64 x 48 gradients, red 4x, green 5y, blue 2(x + y), in one way of writing it each; two.heic holds their
negative as a second picture, and exif6.heic EXIF that says 6, which is to be ignored in HEIF. turned6.*, mirrored.heic and
grid.heic show 128 x 64, red 2x, green 4y, blue x + y: the first are stored turned and say so by HEIF's own boxes, the last is two
tiles side by side.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1])
scratch = pathlib.Path(tempfile.mkdtemp())
y, x = np.mgrid[0:48, 0:64]
picture = np.stack([4 * x, 5 * y, 2 * (x + y)], -1).clip(0, 255).astype(np.uint8)


def encode(name, pixels, *options):
    source = scratch / "source.png"
    Image.fromarray(pixels).save(source)
    subprocess.run(["heif-enc", *options, str(source), "-o", str(folder / name)], check=True, capture_output=True)
    return (folder / name).read_bytes()


def encode_deep(name, bits, *options):
    """From a PNG of 16 bits, which Pillow does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0)
    source = scratch / "deep.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    subprocess.run(["heif-enc", *options, "-b", str(bits), str(source), "-o", str(folder / name)], check=True, capture_output=True)


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def full_box(kind, version, *parts, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes_in(data, start, end):
    while start < end:
        size, kind = struct.unpack(">I4s", data[start:start + 8])
        yield kind, start + 8, start + size
        start += size


def find(data, *path):
    start, end = 0, len(data)
    for kind in path:
        skip = 4 if kind in ("iinf", "iloc") else 0
        start, end = next((s, e) for k, s, e in boxes_in(data, start, end) if k == kind.encode())
        start += 4 if kind == "meta" else skip
    return data[start:end]


def coded(data):
    """The properties of the first picture of a file of heif-enc, and its bytes (all of mdat)."""
    whole = find(data, "meta", "iprp", "ipco")
    kept = (b"ispe", b"hvcC", b"av1C", b"pixi", b"colr", b"clap")
    properties = [box(k, whole[s:e]) for k, s, e in boxes_in(whole, 0, len(whole)) if k in kept]
    # The encoder fills up to its blocks, which has a size of its own; the last one is the picture's.
    sizes = [p for p in properties if p[4:8] == b"ispe"]
    return [p for p in properties if p not in sizes[:-1]], find(data, "mdat")


def size_property(width, height):
    return full_box(b"ispe", 0, struct.pack(">II", width, height))


def write(name, kind, items, properties, links, references=b""):
    """items: (id, type, bytes); links: id -> numbers of properties, from 1; the last item is the primary one."""
    brand = b"avif" if kind == b"av01" else b"heic"
    head = box(b"ftyp", brand, struct.pack(">I", 0), b"mif1", brand)
    info = full_box(b"iinf", 0, struct.pack(">H", len(items)),
                    *[full_box(b"infe", 2, struct.pack(">HH4s", i, 0, k), b"\0") for i, k, _ in items])
    association = full_box(b"ipma", 0, struct.pack(">I", len(links)),
                           *[struct.pack(">HB", i, len(numbers)) + bytes(numbers) for i, numbers in links.items()])
    rest = [full_box(b"hdlr", 0, struct.pack(">I4s", 0, b"pict"), bytes(13)), full_box(b"pitm", 0, struct.pack(">H", items[-1][0])),
            info, references, box(b"iprp", box(b"ipco", *properties), association)]

    def meta(offset):
        places = b""
        for i, _, data in items:
            places += struct.pack(">HHHII", i, 0, 1, offset, len(data))
            offset += len(data)
        return full_box(b"meta", 0, *rest, full_box(b"iloc", 0, struct.pack(">HH", 0x4400, len(items)), places))

    begin = len(head) + len(meta(0)) + 8
    (folder / name).write_bytes(head + meta(begin) + box(b"mdat", *[data for _, _, data in items]))


def turned(name, source, kind, *boxes):
    properties, data = coded(source)
    properties = [*properties, *boxes]
    write(name, kind, [(1, kind, data)], properties, {1: range(1, len(properties) + 1)})


encode("plain.heic", picture, "-q", "95")
encode("plain.avif", picture, "-q", "95", "-A")
alpha = np.dstack([picture, np.where(x < 32, 255, 64).astype(np.uint8)])
encode("alpha.heic", alpha, "-q", "95")
encode("alpha.avif", alpha, "-q", "95", "-A")
encode_deep("ten_bits.heic", 10, "-q", "95")
encode_deep("twelve_bits.avif", 12, "-q", "95", "-A")
# Sides that are whole blocks of the encoder, so that what is decoded is the picture and nothing around it.
y, x = np.mgrid[0:64, 0:128]
wide = np.stack([2 * x, 4 * y, x + y], -1).clip(0, 255).astype(np.uint8)
quarter = np.ascontiguousarray(np.rot90(wide, 1))  # stored turned to the left: a quarter to the right is wanted
turn_right, mirror = box(b"irot", bytes([3])), box(b"imir", bytes([1]))
turned("turned6.heic", encode("turned6.heic", quarter, "-q", "95"), b"hvc1", turn_right)
turned("turned6.avif", encode("turned6.avif", quarter, "-q", "95", "-A"), b"av01", turn_right)
turned("mirrored.heic", encode("mirrored.heic", np.ascontiguousarray(wide[:, ::-1]), "-q", "95"), b"hvc1", mirror)
exif = Image.Exif()
exif[274] = 6
Image.fromarray(picture).save(scratch / "exif.jpg", exif=exif, quality=100, subsampling=0)
subprocess.run(["heif-enc", "-q", "95", str(scratch / "exif.jpg"), "-o", str(folder / "exif6.heic")], check=True, capture_output=True)
first, second = (coded(encode("grid.heic", np.ascontiguousarray(wide[:, at:at + 64]), "-q", "95")) for at in (0, 64))
count = len(first[0])
grid = bytes([0, 0, 0, 1]) + struct.pack(">HH", 128, 64)
write("grid.heic", b"hvc1", [(1, b"hvc1", first[1]), (2, b"hvc1", second[1]), (3, b"grid", grid)],
      [*first[0], size_property(128, 64)], {1: range(1, count + 1), 2: range(1, count + 1), 3: [count + 1]},
      full_box(b"iref", 0, box(b"dimg", struct.pack(">HHHH", 3, 2, 1, 2))))
Image.fromarray(picture).save(scratch / "a.png")
Image.fromarray(255 - picture).save(scratch / "b.png")
subprocess.run(["heif-enc", "-q", "95", str(scratch / "a.png"), str(scratch / "b.png"), "-o", str(folder / "two.heic")], check=True,
               capture_output=True)
