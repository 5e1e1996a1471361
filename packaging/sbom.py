#!/usr/bin/env python3
"""Writes a bill of materials (CycloneDX 1.5, JSON) of a file of the release.

sbom.py --archive FOLDER --version X.Y.Z -o FILE   of the tree that packaging/archive.sh laid out
sbom.py --deb FILE.deb -o FILE                     of a package, on the system that it was built on: what it depends on, in the versions there
sbom.py --check FILE...                            whether such files are well formed
Only Python's own library is needed. SOURCE_DATE_EPOCH, where it is set, is the time.
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILED_IN = ["libcli11-dev", "nlohmann-json3-dev", "libgloo-dev"]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def distribution():
    """Name of the system and of its release, such as debian and bookworm."""
    with open("/etc/os-release") as file:
        lines = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    return lines["ID"].strip('"'), lines.get("VERSION_CODENAME", "").strip('"')


def licences():
    """Source package to licence, of packaging/licences.txt."""
    with open(os.path.join(HERE, "licences.txt")) as file:
        return dict(line.split(None, 1) for line in map(str.strip, file) if line and not line.startswith("#"))


def licence_of(text):
    # An expression of SPDX, where it is one; what is no word of SPDX is a name.
    if ";" in text or text.startswith("LicenseRef"):
        return [{"license": {"name": text}}]
    if " " in text:
        return [{"expression": text}]
    return [{"license": {"id": text}}]


def component(name, version, **more):
    return {"type": "library", "name": name, "version": version, **more}


def purl(system, name, version, source=False):
    suite = f"&distro={system[1]}" if system[1] else ""
    arch = "source" if source else output("dpkg", "--print-architecture")
    return f"pkg:deb/{system[0]}/{name}@{version.replace('+', '%2B').replace('~', '%7E')}?arch={arch}{suite}"


def of_archive(folder):
    system = distribution()
    known = licences()
    parts = {}
    with open(os.path.join(folder, "share/doc/cvtool/carried.txt")) as file:
        for line in file:
            name, source, version = line.split()
            parts.setdefault((source, version), []).append(name)
    found = []
    for (source, version), names in sorted(parts.items()):
        ours = {"libtorch": f"pkg:pypi/torch@{version}", "cvtool-stubs": f"pkg:generic/{source}@{version}"}
        where = ours.get(source) or purl(system, source, version, source=True)
        files = [{"type": "file", "name": f"lib/cvtool/{name}",
                  "hashes": [{"alg": "SHA-256", "content": sha256(os.path.join(folder, "lib/cvtool", name))}]}
                 for name in sorted(names) if name != "(compiled-in)"]
        found.append(component(source, version, purl=where, licenses=licence_of(known[source]), **({"components": files} if files else {})))
    return found


def installed(name):
    """The installed package that is called so, or that provides the name, and its version."""
    rows = [row.split("\t") for row in output("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${db:Status-Status}\t${Provides}\n").splitlines()]
    for package, version, status, provides in sorted(rows, key=lambda row: row[0] != name):
        if status == "installed" and name in [package] + [re.split(r"[ (:]", entry.strip())[0] for entry in provides.split(",")]:
            return package, version
    sys.exit(f"sbom.py: {name} is not installed here; run it on the system that the package was built on")


def of_deb(path):
    system = distribution()
    depends = [re.split(r"[ (|]", entry.strip())[0] for entry in output("dpkg-deb", "-f", path, "Depends").split(",")]
    found = []
    for name in sorted(set(depends) | set(COMPILED_IN)):
        package, version = installed(name)
        found.append(component(package, version, purl=purl(system, package, version),
                               properties=[{"name": "cvtool:linkage", "value": "headers" if name in COMPILED_IN else "dynamic"}]))
    return found


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def bill(name, version, components, subject):
    for number, part in enumerate(components):
        part["bom-ref"] = f"{part['name']}-{number}"
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.datetime.now().timestamp()), datetime.timezone.utc)
    main = {"type": "application", "name": "cvtool", "version": version, "bom-ref": "cvtool", "licenses": [{"license": {"id": "Apache-2.0"}}],
            "properties": [{"name": "cvtool:file", "value": name}]}
    if subject:
        main["hashes"] = [{"alg": "SHA-256", "content": subject}]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same number for the same content.
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([main, components], sort_keys=True))),
        "version": 1,
        "metadata": {"timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": main},
        "components": components,
        "dependencies": [{"ref": "cvtool", "dependsOn": [part["bom-ref"] for part in components]}],
    }


def faults(content):
    """What is wrong with a bill, by the rules of CycloneDX 1.5 that concern what is written here."""
    if content.get("bomFormat") != "CycloneDX" or content.get("specVersion") != "1.5":
        yield "is no CycloneDX 1.5"
        return
    if not re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", content.get("serialNumber", "")):
        yield "serialNumber is no UUID"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", content.get("metadata", {}).get("timestamp", "")):
        yield "metadata.timestamp is no time"
    refs = {content.get("metadata", {}).get("component", {}).get("bom-ref")}
    for part in content.get("components", []):
        for key in ("type", "name", "version", "bom-ref", "purl"):
            if not part.get(key):
                yield f"a component has no {key}: {part.get('name')}"
        if part.get("bom-ref") in refs:
            yield f"two components are called {part.get('bom-ref')}"
        refs.add(part.get("bom-ref"))
        for file in part.get("components", []):
            for digest in file.get("hashes", []):
                if digest.get("alg") != "SHA-256" or not re.fullmatch("[0-9a-f]{64}", digest.get("content", "")):
                    yield f"{file.get('name')} has no SHA-256"
    if not content.get("components"):
        yield "has no components"
    for entry in content.get("dependencies", []):
        for ref in [entry.get("ref")] + entry.get("dependsOn", []):
            if ref not in refs:
                yield f"dependencies name {ref}, which is no component"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", metavar="FOLDER")
    parser.add_argument("--file", help="the packed archive, whose digest is written down")
    parser.add_argument("--version")
    parser.add_argument("--deb", metavar="FILE")
    parser.add_argument("--check", nargs="+", metavar="FILE")
    parser.add_argument("-o", dest="out")
    args = parser.parse_args()
    if args.check:
        bad = 0
        for path in args.check:
            with open(path) as file:
                for fault in faults(json.load(file)):
                    print(f"{path}: {fault}", file=sys.stderr)
                    bad = 1
        sys.exit(bad)
    if args.archive:
        content = bill(os.path.basename(args.file or args.archive), args.version, of_archive(args.archive), sha256(args.file) if args.file else None)
    else:
        content = bill(os.path.basename(args.deb), output("dpkg-deb", "-f", args.deb, "Version"), of_deb(args.deb), sha256(args.deb))
    for fault in faults(content):
        sys.exit(f"sbom.py: {fault}")
    with open(args.out, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


main()
