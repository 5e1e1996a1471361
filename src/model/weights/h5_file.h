// The part of HDF5 that h5py writes for Keras by default: superblock 0 and 1, groups with symbol tables,
// contiguous data, texts of fixed length. Why not libhdf5: on damaged files it (1.10) overruns its buffers,
// and weight files come from anywhere. Layouts are those of the "HDF5 File Format Specification" 3.0,
// sections II to IV.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/weights/raw_tensor.h"

namespace cvtool {

// Address of an object header in the file.
using H5Address = uint64_t;

class H5File {
 public:
  // Throws Error when `file` is not an HDF5 file of this kind. `origin` is the path.
  H5File(const Blob& file, const std::string& origin);

  H5Address root() const { return root_; }

  // Names in a group and where they lead. Links to other places by name, or to other files, are left out.
  // Throws Error.
  std::map<std::string, H5Address> children(H5Address group);

  // Follows "a/b/c" from `group`; nothing when a part is missing.
  std::optional<H5Address> find(H5Address group, const std::string& path);

  // A list (or one) of texts of fixed length; nothing when the object has no such attribute. Throws Error
  // when it holds something else.
  std::optional<std::vector<std::string>> texts(H5Address object, const std::string& attribute);

  // The dataset, a view of the file. Throws Error on data that are compressed, chunked or in other files.
  RawTensor tensor(H5Address dataset, const std::string& name);

 private:
  struct Message {
    uint16_t type = 0;
    bool shared = false;
    size_t address = 0;  // of the data
    std::string_view data;
  };

  ByteReader reader_at(uint64_t address) const;
  std::vector<Message> messages(H5Address object);
  void read_block(ByteReader& in, uint64_t end, std::vector<Message>& messages, std::vector<Message>& more);
  void read_node(uint64_t address, int level, const Blob& names, std::map<std::string, H5Address>& children);
  void read_symbols(uint64_t address, const Blob& names, std::map<std::string, H5Address>& children);
  Blob heap(uint64_t address) const;
  void work();  // counts a step; throws Error when a file leads round in circles

  Blob file_;
  std::string origin_;
  H5Address root_ = 0;
  uint64_t steps_ = 0;
};

}  // namespace cvtool
