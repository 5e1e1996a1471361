// What a move is going to do, kept in the target while it runs, so that one that was killed can be put back.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// A photo lies at SOURCE/photo before and at TARGET/split/photo after the move.
struct MoveStep {
  std::string split, photo;
};

// Keeps the plan in the target's folder. Throws Error.
void write_move_plan(const std::string& source, const std::string& target, const std::vector<MoveStep>& steps);

// The plan that an earlier move from this source has left in the target, which has one. Whoever can write
// into the target can write one, so nothing in it is believed: names that lead out of the two folders, by ".." or by a
// link, and the plan of a move from elsewhere are refused with Error, which says what to do.
std::vector<MoveStep> left_move_plan(const std::string& source, const std::string& target);

// True where a plan lies in the target.
bool has_move_plan(const std::string& target);

void remove_move_plan(const std::string& target);

}  // namespace cvtool
