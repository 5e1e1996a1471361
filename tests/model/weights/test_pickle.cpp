#include "model/weights/pickle.h"

#include "model/weights/weight_files.h"

using namespace cvtool;

namespace {

const std::string kOrigin = "weights.pth";

Pickle parsed(const std::string& bytes) {
  ByteReader in(bytes, kOrigin);
  return parse_pickle(in);
}

std::string refusal(const std::string& bytes) {
  return error_of([&] { state_dict_of(parsed(bytes), kOrigin); });
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

const std::string kStorage = std::string("(U\x07storagectorch\nFloatStorage\nU\x01") + "0U\x03" + "cpuK\x06tQ";

}  // namespace

TEST_CASE("Numbers of every width and sign are read as Python reads them") {
  CHECK(parsed("K\xff.").values.back().integer == 255);
  CHECK(parsed("M\xff\xff.").values.back().integer == 65535);
  CHECK(parsed(std::string("J\xfe\xff\xff\xff.")).values.back().integer == -2);
  CHECK(parsed(std::string("\x8a\x00.", 3)).values.back().integer == 0);
  CHECK(parsed(std::string("\x8a\x01\xff.", 4)).values.back().integer == -1);
  CHECK(parsed(std::string("\x8a\x06\x00\x00\x00\x00\x00\x01.", 9)).values.back().integer == int64_t{1} << 40);
}

TEST_CASE("An opcode or global that no state dict needs is refused by name") {
  CHECK(contains(refusal("cos\nsystem\n(U\x04true"
                         "tR."),
                 "os.system"));
  CHECK(contains(refusal("c__builtin__\neval\n."), "__builtin__.eval"));
  CHECK(contains(refusal("}\x81."), "0x81"));            // NEWOBJ
  CHECK(contains(refusal("(i__main__\nX\n."), "0x69"));  // INST
  CHECK(contains(refusal("}\x82\x01."), "0x82"));        // EXT1
}

TEST_CASE("A pickle that uses its stack wrongly is refused") {
  for (const char* bytes : {".", "R.", "t.", "}s.", "h\x05.", "(}u.", "N(.",
                            "K\x01"
                            "a.",
                            "}N}b.", "]K\x01K\x02s.", "(\x85.", "NNR.", "NQ.", ")R."}) {
    CAPTURE(bytes);
    CHECK(contains(refusal(bytes), kOrigin));
  }
  CHECK(contains(refusal("X\xff\xff\xff\x7f"), "too early"));
}

TEST_CASE("Pickle bombs end in an error at once") {
  // Lists in lists in lists, and a list of lists that doubles with every line.
  CHECK(contains(refusal(repeated("]", 900000) + repeated("a", 899999) + "."), "no dictionary"));
  CHECK(contains(refusal(repeated("(", 2000) + "."), "values"));
  CHECK(contains(refusal(std::string("]q\x00", 3) + repeated(std::string("(h\x00h\x00lq\x00", 8), 100000) + "."),
                 "no dictionary"));
  CHECK(contains(refusal(repeated("N", 1100000) + "."), "values"));
  // The same long list copied by each of many calls.
  const std::string pairs = "(" + repeated("NN\x86", 10000) + std::string("lq\x00", 3);
  const std::string copies = repeated(std::string("ccollections\nOrderedDict\nh\x00\x85R", 29), 10000);
  CHECK(contains(refusal(pairs + copies + "."), "values"));
}

TEST_CASE("A tensor with a senseless shape is refused") {
  const std::string start = "}U\x01wctorch._utils\n_rebuild_tensor\n(" + kStorage;
  CHECK(contains(refusal(start + std::string("K\x00(NtK\x01\x85tRs.", 12)), "integers"));
  CHECK(
      contains(refusal(start + std::string("K\x00(", 3) + repeated("K\x01", 17) + "tK\x01\x85tRs."), "16 dimensions"));
  const std::string bytes = start + std::string("K\x00K\x02K\x03\x86K\x03K\x01\x86tRs.", 17);
  const Pickle good = parsed(bytes);
  CHECK(state_dict_of(good, kOrigin).at(0).name == "w");
  CHECK(good.tensors.at(0).shape == std::vector<int64_t>{2, 3});
}
