// A command's work shared by several processes, which a launcher has started.
#pragma once

#include <functional>

#include "base/observer.h"
#include "dist/ranks.h"

namespace cvtool {

// Calls `work` with the processes that work together; with null where this one is alone, and then nothing else is done.
// The first to fail or to be stopped ends all: each throws what ended it. Of the others' progress rank 0 alone tells.
void in_company(double timeout_s, Observer& observer,
                const std::function<void(Ranks* ranks, Observer& observer)>& work);

// One after the other: rank 0 first, then one process of each machine, then the rest. For what is fetched and kept on a
// disk.
void in_turns(Ranks* ranks, const std::function<void()>& work);

}  // namespace cvtool
