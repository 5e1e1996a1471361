"""Finds in a C++ source what may be changed in it: with libclang (package python3-clang), so that operators, conditions and
statements are those of the language and not of its spelling."""
import dataclasses
import hashlib
import re

from clang import cindex
from clang.cindex import CursorKind as Kind, TypeKind

RELATIONS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "&": ["|"], "|": ["&"], "^": ["&"], "<<": [">>"], ">>": ["<<"]}
ASSIGNMENTS = {"+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="], "|=": ["&="], "&=": ["|="], "%=": ["/="]}
FUNCTIONS = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "any_of": "all_of", "all_of": "any_of", "none_of": "any_of",
             "lower_bound": "upper_bound", "upper_bound": "lower_bound", "clamp_min": "clamp_max", "clamp_max": "clamp_min",
             "stable_partition": "partition", "front": "back", "back": "front"}
FUNCTION_KINDS = {Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR, Kind.FUNCTION_TEMPLATE, Kind.CONVERSION_FUNCTION}
NUMBERS = {TypeKind.BOOL, TypeKind.CHAR_U, TypeKind.UCHAR, TypeKind.USHORT, TypeKind.UINT, TypeKind.ULONG, TypeKind.ULONGLONG,
           TypeKind.CHAR_S, TypeKind.SCHAR, TypeKind.SHORT, TypeKind.INT, TypeKind.LONG, TypeKind.LONGLONG, TypeKind.FLOAT, TypeKind.DOUBLE}
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


@dataclasses.dataclass
class Mutant:
    """One change. `text` stands for source[start:end], which is an expression (form "value"), an expression whose value nobody takes
    ("discarded") or a whole statement ("statement")."""
    file: str
    function: str
    line: int
    start: int
    end: int
    form: str
    before: str
    after: str
    text: str
    cast: str = ""
    number: int = 0

    def key(self):
        """The same wherever in the file it stands, as long as its function and its words are the same."""
        return f"{self.file} | {self.function} | {self.before} -> {self.after}"

    def order(self):
        return hashlib.sha1(self.key().encode()).hexdigest()


class Finder:
    """source: bytes, since libclang counts in bytes."""

    def __init__(self, path, name, source, terms):
        self.path, self.name, self.source = path, name, source
        self.terms = re.compile(terms) if terms else None
        self.function, self.result = "", None
        self.found = []

    def text(self, start, end):
        return self.source[start:end].decode("utf-8", "replace")

    def words(self, cursor):
        return self.text(cursor.extent.start.offset, cursor.extent.end.offset)

    def add(self, extent, form, after, text, before=None, cast=""):
        start, end = extent
        shown = lambda words: " ".join(words.split())
        self.found.append(Mutant(self.name, self.function, self.source.count(b"\n", 0, start) + 1, start, end, form,
                                 shown(before or self.text(start, end)), shown(after), text, cast))

    def children(self, cursor):
        return [c for c in cursor.get_children() if c.extent.start.file and c.extent.start.file.name == self.path]

    def operator_of(self, cursor):
        """(lhs, operator's words, rhs) of a binary operator, built in or overloaded, that is no part of a macro."""
        children = self.children(cursor)
        if cursor.kind == Kind.CALL_EXPR:
            if len(children) != 3 or not cursor.spelling.startswith("operator"):
                return None
            children = [children[0], children[2]]
        if len(children) != 2:
            return None
        lhs, rhs = children
        words = COMMENT.sub("", self.text(lhs.extent.end.offset, rhs.extent.start.offset)).strip()
        return (lhs, words, rhs) if lhs.extent.end.offset <= rhs.extent.start.offset else None

    def core(self, cursor):
        """Without parentheses and implicit conversions."""
        while cursor.kind in (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR):
            children = self.children(cursor)
            if len(children) != 1:
                break
            cursor = children[0]
        return cursor

    def extent(self, cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def negate(self, cursor):
        """A condition, where it has no mutants of its own that turn it round."""
        core = self.core(cursor)
        operator = self.operator_of(core) if core.kind in (Kind.BINARY_OPERATOR, Kind.CALL_EXPR) else None
        if operator and (operator[1] in RELATIONS or operator[1] in ("&&", "||")):
            return
        words = self.words(cursor)
        if core.kind == Kind.UNARY_OPERATOR and self.words(core).startswith("!"):
            inner = self.children(core)[0]
            self.add(self.extent(core), "value", self.words(inner), f"!!({self.words(inner)})")
        elif re.match(r"[\w:(*&\[!]", words) and core.kind != Kind.CXX_BOOL_LITERAL_EXPR:
            self.add(self.extent(cursor), "value", f"!({words})", f"!({words})", cast="bool")

    def binary(self, cursor):
        operator = self.operator_of(cursor)
        if not operator:
            return
        lhs, sign, rhs = operator
        a, b = self.words(lhs), self.words(rhs)
        kind = cursor.type.get_canonical().kind
        tensor = cursor.type.get_canonical().spelling == "at::Tensor"
        if sign in ("&&", "||"):
            other = "||" if sign == "&&" else "&&"
            self.add(self.extent(cursor), "value", f"{a} {other} {b}", f"!!({a}) {other} !!({b})", cast="bool")
            self.add(self.extent(cursor), "value", a, f"!!({a})", cast="bool")
            self.add(self.extent(cursor), "value", b, f"!!({b})", cast="bool")
            self.negate(lhs)
            self.negate(rhs)
        elif sign in RELATIONS:
            for other in RELATIONS[sign]:
                self.add(self.extent(cursor), "value", f"{a} {other} {b}", f"{a} {other} {b}")
        elif sign in ARITHMETIC and (kind in NUMBERS or kind == TypeKind.DEPENDENT or tensor):
            for other in ARITHMETIC[sign]:
                self.add(self.extent(cursor), "value", f"{a} {other} {b}", f"({a}) {other} ({b})")
        elif sign == "+" and self.terms and self.terms.search(self.function):
            for part in (a, b):
                self.add(self.extent(cursor), "value", part, f"std::string({part})", cast="std::string")

    def assignment(self, cursor):
        operator = self.operator_of(cursor)
        if operator and operator[1] in ASSIGNMENTS:
            a, b = self.words(operator[0]), self.words(operator[2])
            for other in ASSIGNMENTS[operator[1]]:
                self.add(self.extent(cursor), "value", f"{a} {other} {b}", f"{a} {other} {b}")

    def literal(self, cursor, parents):
        words = self.words(cursor)
        if not re.fullmatch(r"[0-9][0-9a-fA-FxX'.eEuUlLzZ+-]*", words):
            return
        cast = ""
        for parent in reversed(parents):
            if parent.kind != Kind.UNEXPOSED_EXPR or self.extent(parent) != self.extent(cursor):
                break
            if parent.type.get_canonical().kind in NUMBERS:
                cast = parent.type.get_canonical().spelling.replace("const ", "")
        if cursor.kind == Kind.FLOATING_LITERAL:
            for after in (["1.0"] if float(words.replace("'", "").rstrip("fFlL")) == 0 else [f"(2 * {words})", f"({words} / 2)"]):
                self.add(self.extent(cursor), "value", after, after, cast=cast)
            return
        value = int(re.sub(r"['uUlLzZ]", "", words), 8 if re.fullmatch(r"0[0-7]+", words) else 0)
        for after in {0: ["1"], 1: ["0", "2"]}.get(value, [f"({words} + 1)", f"({words} - 1)"]):
            self.add(self.extent(cursor), "value", after, after, cast=cast)

    def call(self, cursor):
        """A function with a twin, by its name alone: min and max."""
        callee = self.children(cursor)[:1]
        if not callee or cursor.spelling not in FUNCTIONS:
            return
        start, end = self.extent(callee[0])
        head = self.text(start, end)
        place = head.rfind(cursor.spelling)
        if place < 0:
            return
        twin = FUNCTIONS[cursor.spelling]
        words = self.words(cursor)
        changed = head[:place] + twin + head[place + len(cursor.spelling):] + words[len(head):]
        self.add(self.extent(cursor), "value", changed, changed)

    def with_semicolon(self, cursor):
        end = cursor.extent.end.offset
        rest = re.match(rb"\s*;", self.source[end:])
        return (cursor.extent.start.offset, end + rest.end()) if rest else None

    def discarded(self, cursor):
        """A statement that is an expression, or one side of a comma of such."""
        core = self.core(cursor)
        operator = self.operator_of(core) if core.kind == Kind.BINARY_OPERATOR else None
        if operator and operator[1] == ",":
            for side in (operator[0], operator[2]):
                self.discarded(side)
            return
        if core.kind == Kind.CSTYLE_CAST_EXPR and self.words(core).startswith("(void)0"):
            return
        self.add(self.extent(cursor), "discarded", "nothing", "(void)0")

    def statement(self, cursor):
        if cursor.kind.is_expression() and cursor.kind != Kind.LAMBDA_EXPR:
            if self.with_semicolon(cursor):
                self.discarded(cursor)
        elif cursor.kind in (Kind.CONTINUE_STMT, Kind.BREAK_STMT) or (cursor.kind == Kind.RETURN_STMT and not self.children(cursor)):
            if extent := self.with_semicolon(cursor):
                self.add(extent, "statement", "nothing", "")

    def returned(self, cursor):
        children = self.children(cursor)
        if not children or self.result is None:
            return
        value, kind = children[0], self.result.get_canonical().kind
        words = self.words(value)
        if kind == TypeKind.BOOL:
            self.negate(value)
        if kind in (TypeKind.LVALUEREFERENCE, TypeKind.VOID) or words in ("{}", '""', "0", "false", "nullptr", "std::nullopt"):
            return
        if extent := self.with_semicolon(cursor):
            self.add(extent, "statement", "return {};", "return {};", before=self.text(*extent))

    def conditions(self, cursor):
        expressions = [c for c in self.children(cursor) if c.kind.is_expression()]
        if cursor.kind == Kind.CONDITIONAL_OPERATOR:
            self.negate(expressions[0])
        elif expressions and cursor.kind in (Kind.IF_STMT, Kind.WHILE_STMT):
            # The condition, unless the only expression is the body.
            first = expressions[0]
            if re.match(rb"\s*\)", self.source[first.extent.end.offset:]):
                self.negate(first)

    def visit(self, cursor, parents):
        kind, outer = cursor.kind, (self.function, self.result)
        if kind in FUNCTION_KINDS:
            self.function, self.result = cursor.spelling, cursor.result_type
        elif kind == Kind.LAMBDA_EXPR:
            self.result = None
        elif kind in (Kind.VAR_DECL, Kind.FIELD_DECL) and not self.function:
            self.function = cursor.spelling
        if kind in (Kind.BINARY_OPERATOR, Kind.CALL_EXPR):
            self.binary(cursor)
        if kind == Kind.CALL_EXPR:
            self.call(cursor)
        if kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR:
            self.assignment(cursor)
        if kind in (Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL):
            self.literal(cursor, parents)
        if kind == Kind.CXX_BOOL_LITERAL_EXPR and self.words(cursor) in ("true", "false"):
            after = "false" if self.words(cursor) == "true" else "true"
            self.add(self.extent(cursor), "value", after, after)
        if kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.CONDITIONAL_OPERATOR):
            self.conditions(cursor)
        if kind == Kind.RETURN_STMT:
            self.returned(cursor)
        if kind in (Kind.COMPOUND_STMT, Kind.IF_STMT, Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT, Kind.WHILE_STMT):
            children = self.children(cursor)
            # Without the throw at its end, a function that returns something would have no defined end.
            ends = bool(parents) and parents[-1].kind in FUNCTION_KINDS and self.result.kind != TypeKind.VOID
            if ends and children and self.words(children[-1]).startswith("throw"):
                children = children[:-1]
            for child in children if kind == Kind.COMPOUND_STMT else children[-2:]:
                self.statement(child)
        for child in self.children(cursor):
            self.visit(child, parents + [cursor])
        self.function, self.result = outer


def flags_for_libclang(arguments):
    """Of a compiler's command line, what says how the source reads. A precompiled header is of the compiler's own making: what it was
    made of is read instead."""
    kept, rest = [], (argument for argument in arguments if argument != "-Xclang")
    for argument in rest:
        if argument == "-include":
            header = next(rest)
            with open(header) as file:
                for name in re.findall(r'^#include "(.*)"', file.read(), re.M) if header.endswith("cmake_pch.hxx") else [header]:
                    kept += ["-include", name]
        elif argument in ("-isystem", "-I"):
            kept += [argument, next(rest)]
        elif argument.startswith(("-I", "-D", "-std", "-isystem")):
            kept.append(argument)
    return kept


def find(path, name, arguments, terms):
    """All mutants of the source at `path`, in the order of their places; each change once a function."""
    with open(path, "rb") as file:
        source = file.read()
    unit = cindex.Index.create().parse(path, args=flags_for_libclang(arguments))
    errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if errors:
        raise SystemExit(f"{path} cannot be read by libclang: {errors[0]}")
    finder = Finder(path, name, source, terms)
    for cursor in unit.cursor.get_children():
        if cursor.extent.start.file and cursor.extent.start.file.name == path:
            finder.visit(cursor, [])
    seen, mutants = {}, []
    for mutant in sorted(finder.found, key=lambda m: (m.start, m.end)):
        place = (mutant.start, mutant.end, mutant.after)
        if place in seen:
            continue
        seen[place] = True
        mutants.append(mutant)
    counts = {}
    for mutant in mutants:  # the same words twice in a function are told apart by their order
        count = counts[mutant.key()] = counts.get(mutant.key(), 0) + 1
        if count > 1:
            mutant.after += f" (#{count})"
    return source, mutants
