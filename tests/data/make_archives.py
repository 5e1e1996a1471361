#!/usr/bin/env python3
"""Writes archives of a folder of photos, and hostile ones, for tests of the readers.

Usage: make_archives.py PHOTOS TARGET

PHOTOS: a folder with class folders. TARGET gets good/*: archives that hold the same photos; bad/*: archives that must be refused;
shards/*: WebDataset's layout.
"""
import gzip
import io
import json
import pathlib
import struct
import sys
import tarfile
import zipfile


def files_of(photos):
    return [(str(path.relative_to(photos)), path.read_bytes()) for path in sorted(photos.rglob("*")) if path.is_file()]


def write_zip(path, files, method=zipfile.ZIP_STORED, folder="", folders=()):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in folders:
            archive.writestr(folder + name, b"")
        for name, content in files:
            archive.writestr(folder + name, content)


def write_tar(path, files, mode="w", kind=tarfile.PAX_FORMAT, folder=""):
    with tarfile.open(path, mode, format=kind) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(folder + name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def write_good(target, files):
    write_zip(target / "stored.zip", files, folders=["empty/"])
    write_zip(target / "deflated.zip", files, zipfile.ZIP_DEFLATED)
    write_zip(target / "in-folder.zip", files, folder="./set/of photos/")
    write_tar(target / "pax.tar", files)
    write_tar(target / "gnu.tar", files, kind=tarfile.GNU_FORMAT, folder="./")
    write_tar(target / "ustar.tar", files, kind=tarfile.USTAR_FORMAT)
    write_tar(target / "compressed.tar.gz", files, "w:gz")
    # As several programs have written it one after the other, padded as tapes are.
    whole = (target / "pax.tar").read_bytes()
    (target / "members.tgz").write_bytes(gzip.compress(whole[:70000]) + gzip.compress(b"") + gzip.compress(whole[70000:]) + bytes(512))
    # Names of more than 100 bytes: attributes, and GNU's long names.
    deep = "a-folder-with-a-long-name/" * 6
    write_tar(target / "long-pax.tar", files, folder=deep)
    write_tar(target / "long-gnu.tar", files, kind=tarfile.GNU_FORMAT, folder=deep)
    # ZIP64 and a data descriptor behind each entry, as a stream has them.
    class Stream(io.RawIOBase):
        def __init__(self, file):
            self.file = file
        def writable(self):
            return True
        def write(self, data):
            return self.file.write(data)
    with open(target / "stream.zip", "wb") as file, zipfile.ZipFile(Stream(file), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(content)
    with open(target / "commented.zip", "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = b"PK\5\6 in a comment " * 20
            for name, content in files:
                archive.writestr(name, content)


def tar_with(path, files, **attributes):
    with tarfile.open(path, "w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        odd = tarfile.TarInfo(attributes.pop("name", "odd"))
        for key, value in attributes.items():
            setattr(odd, key, value)
        archive.addfile(odd)


def zip_with(path, files, name, content=b"x", mode=0):
    write_zip(path, files)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        archive.writestr(entry, content)


def patched(bytes_, changes):
    bytes_ = bytearray(bytes_)
    for place, value in changes:
        bytes_[place:place + len(value)] = value
    return bytes(bytes_)


def write_bad_tars(target, files):
    tar_with(target / "up.tar", files, name="../x.jpg")
    tar_with(target / "up-inside.tar", files, name="a/../../x.jpg")
    tar_with(target / "absolute.tar", files, name="/etc/x.jpg")
    tar_with(target / "symbolic-link.tar", files, type=tarfile.SYMTYPE, linkname="/etc/passwd")
    tar_with(target / "hard-link.tar", files, type=tarfile.LNKTYPE, linkname=files[0][0])
    tar_with(target / "device.tar", files, type=tarfile.CHRTYPE, devmajor=1, devminor=5)
    tar_with(target / "fifo.tar", files, type=tarfile.FIFOTYPE)
    tar_with(target / "twice.tar", files, name=files[0][0])
    tar_with(target / "folder-and-file.tar", files, name=files[0][0].split("/")[0])
    write_tar(target / "whole.tar", files)
    whole = (target / "whole.tar").read_bytes()
    (target / "whole.tar").unlink()
    end = len(whole.rstrip(b"\0"))
    (target / "cut-in-photo.tar").write_bytes(whole[:end - 100])
    (target / "cut-in-header.tar").write_bytes(whole[:700])
    last = (end + 511) // 512 * 512
    (target / "without-end.tar").write_bytes(whole[:last])
    (target / "half-end.tar").write_bytes(whole[:last] + bytes(512))
    (target / "goes-on.tar").write_bytes(whole + whole)
    (target / "damaged.tar").write_bytes(patched(whole, [(20, b"\xff")]))
    (target / "text.tar").write_bytes(b"no archive at all\n" * 100)
    (target / "empty.tar").write_bytes(b"")
    # A size that goes far beyond the file, in base 256.
    header = bytearray(whole[:512])
    header[124:136] = b"\x80" + (2**62).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (target / "endless.tar").write_bytes(bytes(header) + bytes(1024))
    write_tar(target / "compressed.tar.bz2", files, "w:bz2")
    write_tar(target / "cut.tar.gz", files, "w:gz")
    whole = (target / "cut.tar.gz").read_bytes()
    (target / "cut.tar.gz").write_bytes(whole[:-20])
    (target / "damaged.tar.gz").write_bytes(patched(whole, [(len(whole) // 2, b"\0\1\2\3")]))
    (target / "checksum.tar.gz").write_bytes(patched(whole, [(len(whole) - 8, b"\0\1\2\3")]))
    (target / "more.tar.gz").write_bytes(whole + b"more")
    (target / "bomb.tar.gz").write_bytes(gzip.compress(bytes(8 << 20)))
    (target / "text.tar.gz").write_bytes(gzip.compress(b"no archive at all\n" * 100))
    write_tar(target / "up.tar.gz", [*files, ("../x.jpg", b"x")], "w:gz")


def write_bad_zips(target, files):
    zip_with(target / "up.zip", files, "../x.jpg")
    zip_with(target / "absolute.zip", files, "/x.jpg")
    zip_with(target / "drive.zip", files, "C:/x.jpg")
    zip_with(target / "back-up.zip", files, "..\\x.jpg")
    zip_with(target / "symbolic-link.zip", files, "link.jpg", b"/etc/passwd", 0o120777)
    zip_with(target / "device.zip", files, "zero.jpg", b"", 0o020666)
    zip_with(target / "twice.zip", files, files[0][0])
    zip_with(target / "method.zip", files, "x.jpg")
    whole = (target / "method.zip").read_bytes()
    (target / "method.zip").unlink()
    directory = whole.rindex(b"PK\1\2")
    (target / "encrypted.zip").write_bytes(patched(whole, [(directory + 8, b"\1\0")]))
    (target / "method.zip").write_bytes(patched(whole, [(directory + 10, b"\x5d\0")]))
    (target / "shared.zip").write_bytes(patched(whole, [(directory + 42, struct.pack("<I", 0))]))
    (target / "two-sizes.zip").write_bytes(patched(whole, [(directory + 24, struct.pack("<I", 7))]))
    (target / "beyond.zip").write_bytes(patched(whole, [(directory + 42, struct.pack("<I", 2**31))]))
    (target / "cut.zip").write_bytes(whole[:-10])
    (target / "half.zip").write_bytes(whole[:len(whole) // 2])
    (target / "more.zip").write_bytes(whole + b"more")
    (target / "before.zip").write_bytes(b"PK\3\4" + whole)
    with zipfile.ZipFile(target / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/x.bmp", bytes(8 << 20))


def write_damaged(target, name, content):
    """Archives that are well-formed, and whose one photo is not what it says."""
    write_zip(target / "wrong-bytes.zip", [(name, content)])
    whole = (target / "wrong-bytes.zip").read_bytes()
    (target / "wrong-bytes.zip").write_bytes(patched(whole, [(whole.index(content) + 30, b"\0\1\2")]))
    write_zip(target / "wrong-size.zip", [(name, content)], zipfile.ZIP_DEFLATED)
    whole = (target / "wrong-size.zip").read_bytes()
    (target / "wrong-size.zip").write_bytes(patched(whole, [(whole.rindex(b"PK\1\2") + 24, struct.pack("<I", len(content) - 3))]))


def write_shards(target, files):
    for split, part in (("train", files[::2]), ("val", files[1::2])):
        for number in range(2):
            shard = []
            for i, (name, content) in enumerate(part[number::2]):
                key = f"{number:03}{i:05}"
                shard += [(f"{key}.jpg", content), (f"{key}.cls", name.split("/")[0].encode() + b"\n")]
            write_tar(target / f"cls-{split}-{number:06}.tar", shard)
    for number in range(3):
        shard = []
        for i, (name, content) in enumerate(files[number::3]):
            shard += [(f"{number}/{i}.jpg", content),
                      (f"{number}/{i}.cls", name.split("/")[0].encode())]
        write_tar(target / f"plain-{number:02}.tar", shard)
    shard = []
    for i, (name, content) in enumerate(files):
        shard += [(f"{i}.jpg", content), (f"{i}.json", json.dumps({"width": 3, "label": name.split("/")[0]}).encode())]
    write_tar(target / "json.tar", shard)


def main():
    photos, target = map(pathlib.Path, sys.argv[1:])
    files = files_of(photos)
    for name in ("good", "bad", "damaged", "shards"):
        (target / name).mkdir(parents=True)
    write_good(target / "good", files)
    write_bad_tars(target / "bad", files)
    write_bad_zips(target / "bad", files)
    write_damaged(target / "damaged", *files[0])
    write_shards(target / "shards", files)


main()
