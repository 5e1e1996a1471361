"""Writes pictures of many kinds, and what their pixels are according to Pillow and PyTorch, into a folder.

NAME.raw holds the RGB bytes, NAME.grey those of the grey picture that Pillow makes of them; decode.tsv and resize.tsv
list what there is.
"""
import struct
import sys

import numpy as np
import torch
from PIL import Image, ImageOps

folder = sys.argv[1]
rng = np.random.default_rng(1)
decode_rows, resize_rows, deep_rows = [], [], []


def smooth(height, width, channels):
    """A picture whose neighbours are alike, so that JPEG keeps it."""
    coarse = torch.from_numpy(rng.random((1, channels, 6, 8), dtype=np.float32))
    fine = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return (fine[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def expect(name, tolerance, rgb):
    rgb.astype(np.uint8).tofile(f"{folder}/{name}.raw")
    np.asarray(Image.fromarray(rgb.astype(np.uint8)).convert("L")).tofile(f"{folder}/{name}.grey")
    decode_rows.append(f"{name}\t{rgb.shape[0]}\t{rgb.shape[1]}\t{tolerance}")


def over_white(image):
    rgba = np.asarray(image.convert("RGBA")).astype(np.float64)
    alpha = rgba[..., 3:] / 255
    return (rgba[..., :3] * alpha + 255 * (1 - alpha)).round()


def save(name, image, tolerance, rgb=None, **options):
    image.save(f"{folder}/{name}", **options)
    if rgb is None:
        rgb = over_white(Image.open(f"{folder}/{name}"))
    expect(name, tolerance, np.asarray(rgb))


def by_hand(name, header, pixel_bytes):
    """Noise behind a header that Pillow does not write but reads."""
    open(f"{folder}/{name}", "wb").write(header + rng.bytes(pixel_bytes))
    expect(name, 0, np.asarray(Image.open(f"{folder}/{name}").convert("RGB")))


def decoding():
    photo = Image.fromarray(smooth(37, 53, 3))
    alpha = Image.fromarray(smooth(37, 53, 4), "RGBA")
    grey = Image.fromarray(smooth(37, 53, 1)[..., 0])
    save("baseline.jpg", photo, 0, quality=90)
    save("progressive.jpg", photo, 0, quality=90, progressive=True)
    save("grey.jpg", grey, 0)
    cmyk = Image.fromarray(smooth(37, 53, 4), "CMYK")
    cmyk.save(f"{folder}/cmyk.jpg", quality=95)  # Pillow writes Adobe's marker and inverted inks
    inks = np.asarray(Image.open(f"{folder}/cmyk.jpg")).astype(np.float64)
    expect("cmyk.jpg", 1, ((255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255).round())
    for name, image in [("rgb", photo), ("rgba", alpha), ("grey", grey), ("grey_alpha", alpha.convert("LA"))]:
        save(f"{name}.png", image, 1)
    save("palette.png", photo.quantize(17), 0)
    bit = grey.point(lambda v: 255 * (v > 128)).convert("1")
    save("bit.png", bit, 0)
    deep = (rng.random((9, 11)) * 65535).astype(np.uint16)
    save("deep.png", Image.fromarray(deep), 1, np.repeat((deep / 257.0).round()[..., None], 3, 2))
    save("rgb.bmp", photo, 0)
    save("palette.bmp", photo.quantize(200), 0)
    save("rgb.ppm", photo, 0)
    for name, image in [("bit.bmp", bit), ("grey.bmp", grey), ("rgba.bmp", alpha.convert("RGB").convert("RGBA")),
                        ("bit.pbm", bit), ("grey.pgm", grey)]:
        save(name, image, 0)
    by_hand("short.bmp", b"BM" + struct.pack("<IIIIiiHHIIIIIIIII", 0, 0, 66, 40, 11, -9, 1, 16, 3, 0, 0, 0, 0, 0, 0xf800,
                                             0x7e0, 0x1f), 9 * 24)
    by_hand("any_maximum.ppm", b"P6\n# rows\n11 9\n200\n", 9 * 11 * 3)
    by_hand("deep.ppm", b"P6 11 9 1000\n", 9 * 11 * 6)
    save("lossless.webp", alpha, 1, lossless=True, exact=True)
    save("lossy.webp", photo, 0)
    still = photo.quantize(60)
    still.save(f"{folder}/still.gif")
    expect("still.gif", 0, np.asarray(Image.open(f"{folder}/still.gif").convert("RGB")))
    frames = [Image.fromarray(smooth(20, 30, 3)) for _ in range(3)]
    save("anim.webp", frames[0], 0, save_all=True, append_images=frames[1:], lossless=True)
    frames[0].quantize(9).save(f"{folder}/anim.gif", save_all=True, append_images=[f.quantize(9) for f in frames[1:]])
    expect("anim.gif", 0, np.asarray(Image.open(f"{folder}/anim.gif").convert("RGB")))
    for name, compression in [("raw", None), ("lzw", "tiff_lzw"), ("deflate", "tiff_adobe_deflate")]:
        save(f"{name}.tif", photo, 0, compression=compression)
    save("rgba.tif", alpha, 2)
    save("wrong_extension.png", photo, 0, format="JPEG", quality=90)


def orientations():
    """The same picture stored in all eight ways, by three formats."""
    upright = smooth(24, 40, 3)
    back = {1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
            4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
            7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270]}
    for value, steps in back.items():
        stored = Image.fromarray(upright)
        for step in steps:
            stored = stored.transpose(step)
        exif = Image.Exif()
        exif[274] = value
        for kind, options in [("jpg", {"quality": 98, "subsampling": 0}), ("png", {}), ("webp", {"lossless": True})]:
            name = f"turned{value}.{kind}"
            stored.save(f"{folder}/{name}", exif=exif, **options)
            assert ImageOps.exif_transpose(Image.open(f"{folder}/{name}")).size == (40, 24)
            expect(name, 8 if kind == "jpg" else 0, upright)
        stored.save(f"{folder}/turned{value}.tif", tiffinfo={274: value})
        expect(f"turned{value}.tif", 0, upright)


MODES = {"nearest": {"mode": "nearest-exact"}, "bilinear": {"mode": "bilinear"},
         "bilinear_antialias": {"mode": "bilinear", "antialias": True},
         "bicubic_antialias": {"mode": "bicubic", "antialias": True}}


def resizing():
    sizes = [(1, 1), (1, 200), (3, 2), (17, 400), (32, 32), (63, 64), (64, 63), (100, 75), (127, 129), (128, 128),
             (129, 127), (131, 500), (150, 150), (200, 133), (255, 256), (257, 255), (333, 500), (375, 499), (480, 640),
             (701, 97)]
    for index, (height, width) in enumerate(sizes):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(image).save(f"{folder}/size{index}.png")
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        for mode, options in MODES.items():
            out = torch.nn.functional.interpolate(pixels, (128, 128), **options).clamp(0, 255)
            out[0].permute(1, 2, 0).contiguous().numpy().tofile(f"{folder}/size{index}.{mode}.f32")
            resize_rows.append(f"size{index}\t{mode}")


def deep_resizing():
    """Grey pictures of 16 bits, resized in float64."""
    for index, (height, width) in enumerate([(1, 9), (31, 47), (32, 32), (100, 75), (333, 500)]):
        image = rng.integers(0, 65536, (height, width)).astype(np.uint16)
        Image.fromarray(image).save(f"{folder}/deep{index}.png")
        assert (np.asarray(Image.open(f"{folder}/deep{index}.png")) == image).all()
        pixels = torch.from_numpy(image.astype(np.float64))[None, None]
        for mode, options in MODES.items():
            out = torch.nn.functional.interpolate(pixels, (40, 56), **options).clamp(0, 65535)
            out.numpy().tofile(f"{folder}/deep{index}.{mode}.f64")
            deep_rows.append(f"deep{index}\t{mode}")


decoding()
orientations()
resizing()
deep_resizing()
open(f"{folder}/deep.tsv", "w").write("\n".join(deep_rows) + "\n")
open(f"{folder}/decode.tsv", "w").write("\n".join(decode_rows) + "\n")
open(f"{folder}/resize.tsv", "w").write("\n".join(resize_rows) + "\n")
