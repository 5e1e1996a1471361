"""Reads a JUnit file of `cvtool eval` as CI systems do, and prints its cases as JSON.

    python3 tests/cli/check_junit.py FILE

Ends with an assertion where the file is not XML, or has what the schema that Jenkins publishes (junit-10.xsd) does not know.
"""
import json
import sys
import xml.etree.ElementTree

# Element: the attributes that it may have, those that it must have, and the elements in it in their order.
SCHEMA = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "disabled"}, set(), ["testsuite"]),
    "testsuite": ({"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id", "package"},
                  {"name", "tests"}, ["properties", "testcase", "system-out", "system-err"]),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, {"name", "value"}, []),
    "testcase": ({"name", "classname", "assertions", "time", "status"}, {"name", "classname"},
                 ["skipped", "error", "failure", "system-out", "system-err"]),
    "failure": ({"type", "message"}, set(), []),
    "error": ({"type", "message"}, set(), []),
}


def check(element):
    allowed, required, children = SCHEMA[element.tag]
    assert required <= set(element.attrib) <= allowed, (element.tag, element.attrib)
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order), (element.tag, [child.tag for child in element])
    for child in element:
        check(child)


root = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites"
check(root)
(suite,) = root
cases = suite.findall("testcase")
for counted in (root, suite):
    assert int(counted.get("tests")) == len(cases) and int(counted.get("errors")) == len(suite.findall("testcase/error"))
    assert int(counted.get("failures")) == len(suite.findall("testcase/failure"))
    assert abs(float(counted.get("time")) - sum(float(case.get("time")) for case in cases)) < 1e-9
assert float(suite.get("time")) > 0 or suite.find("testcase/error") is not None


def messages(kind):
    return {case.get("name"): case.find(kind).get("message") for case in cases if case.find(kind) is not None}


print(json.dumps({"name": suite.get("name"), "cases": [case.get("name") for case in cases], "failures": messages("failure"), "errors": messages("error"),
                  "properties": {one.get("name"): one.get("value") for one in suite.findall("properties/property")}}))
