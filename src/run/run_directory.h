// The folder that a run writes to.
#pragma once

#include <string>

namespace cvtool {

// Throws UsageError when PROJECT/NAME exists or would not lie in PROJECT; an empty name always fits.
void check_run_name(const std::string& project, const std::string& name);

// Makes PROJECT/NAME, or PROJECT/train, train2, ... when the name is empty. Throws UsageError when NAME exists, Error
// when it cannot be made.
std::string make_run_directory(const std::string& project, const std::string& name);

// The run that --resume means: a folder, or where it is empty the newest of the project that is not finished, else the
// newest. Throws UsageError where there is none, or where it is not a run.
std::string run_to_resume(const std::string& resume, const std::string& project);

// The newest unfinished run of the project, or the one of that name, that the launch `job` (Launch::job) has begun; ""
// where there is none.
std::string run_of_job(const std::string& project, const std::string& name, const std::string& job);

// True for a file that a training has written into its run's folder (best.pt, history.csv, ...), by its name.
bool is_file_of_a_run(const std::string& path);

// Removes what a write that was cut off has left in a run's folder.
void remove_half_written(const std::string& run);

// Points PROJECT/latest at the run.
void mark_latest(const std::string& run);

// The model file that --model means: a file, or best.pt of a run's folder; empty: runs/latest. Throws UsageError.
std::string model_path(const std::string& model);

// The model that an empty name means, for people: "runs/latest/best.pt (runs/train2)".
std::string newest_model_text();

}  // namespace cvtool
