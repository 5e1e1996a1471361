// The messages of HDF5 that describe data: shapes, types, places, attributes. Used by h5_file.cpp only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/weights/raw_tensor.h"

namespace cvtool {

constexpr char kSaveAgain[] = "save the model from Keras in its older HDF5 layout: model.save(\"FILE.h5\")";
constexpr size_t kMaxNameBytes = 1000;

struct H5Datatype {
  enum Class : uint8_t { kInteger = 0, kFloat = 1, kText = 3, kVariable = 9 };
  uint8_t kind = 0;    // Class, or another of the format
  uint32_t flags = 0;  // 24 bits
  uint32_t bytes = 0;
  uint8_t exponent_bits = 0;  // of kFloat
};

struct H5Attribute {
  std::string name;
  H5Datatype type;
  std::vector<int64_t> shape;
};

struct H5Layout {
  uint64_t address = ~uint64_t{0};
  uint64_t bytes = 0;
};

std::vector<int64_t> read_shape(ByteReader& in);
H5Datatype read_datatype(ByteReader& in);

// Leaves `in` at the values.
H5Attribute read_attribute(ByteReader& in);
std::vector<std::string> texts_of(const H5Attribute& attribute, ByteReader& in);

// Throws Error when the type is not a little-endian number that tensors have.
DType number_type(const H5Datatype& type, const std::string& name, const ByteReader& in);

// `message_address`: where in the file the message lies, for data inside it.
H5Layout read_layout(ByteReader& in, uint64_t message_address, const std::string& name);

}  // namespace cvtool
