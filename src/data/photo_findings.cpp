#include "data/photo_findings.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace cvtool {
namespace {

// Of the photos of one process, in order: contents side by side, and words of those few that have any.
std::string packed(const PhotoDealing& deal, const std::vector<ScannedPhoto>& of_all) {
  std::vector<uint8_t> contents;
  Json words = Json::array();
  for (const size_t i : deal.own_of(of_all.size())) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&of_all[i].content);
    contents.insert(contents.end(), bytes, bytes + sizeof(ContentHash));
    if (!of_all[i].unreadable.empty() || !of_all[i].damage.empty())
      words.push_back({i, of_all[i].unreadable, of_all[i].damage});
  }
  const std::vector<uint8_t> message =
      Json::to_msgpack(Json{{"contents", Json::binary(std::move(contents))}, {"words", words}});
  return {message.begin(), message.end()};
}

void unpack(const std::string& message, const PhotoDealing& from, std::vector<ScannedPhoto>& of_all) {
  const Json json = Json::from_msgpack(message);
  const auto& contents = json.at("contents").get_binary();  // of a list of the same length
  size_t place = 0;
  for (const size_t i : from.own_of(of_all.size())) {
    std::memcpy(&of_all[i].content, contents.data() + place, sizeof(ContentHash));
    place += sizeof(ContentHash);
  }
  for (const Json& word : json.at("words")) {
    ScannedPhoto& found = of_all.at(word.at(0).get<size_t>());
    found.unreadable = word.at(1).get<std::string>();
    found.damage = word.at(2).get<std::string>();
  }
}

}  // namespace

void share_findings(const SharedReading& shared, std::vector<ScannedPhoto>& of_all) {
  const std::vector<std::string> messages = shared.gather(packed(shared, of_all));
  for (size_t process = 0; process < messages.size(); ++process) {
    if (process == shared.process) continue;
    unpack(messages[process], {process, shared.processes}, of_all);
  }
}

}  // namespace cvtool
