// The order of what the device is asked for. Kernels of the stand-in run at once, one after the other; on a GPU those
// of two streams run side by side unless one waits for the other. So each use of memory is held against what its stream
// has waited for, and where the two could meet, a race is counted.
#pragma once

#include <c10/core/Stream.h>

namespace standin {

// Of the calling thread.
c10::Stream current_stream();
c10::Stream exchange_stream(c10::Stream stream);

// Another one each time.
c10::Stream new_stream();

// What an event stands for: all that its stream was asked for before.
struct Moment;
Moment* moment_of(const c10::Stream& stream);
void wait_for(const Moment* moment, const c10::Stream& stream);
void forget(Moment* moment);
// The host waited for the calling thread's stream: whatever is asked for next comes after it.
void host_waited();

// Of the block of memory that begins at an address of the device, from the current stream.
void note_taken(const void* block);
void note_use(const void* block);
void note_recorded(const void* block, const c10::Stream& stream);
void note_given_back(const void* block);

}  // namespace standin
