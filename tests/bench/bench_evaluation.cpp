// Memory and time of an evaluation: predictions of photos that do not exist, measured and written down.
//   bench_evaluation FOLDER [PHOTOS [CLASSES]]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "evaluate/made_up_evaluation.h"

using namespace cvtool;

namespace {

// VmHWM of /proc/self/status: the most memory that the process has held.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, 6, "VmHWM:") == 0) return std::atof(line.c_str() + 6) / 1000;
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: bench_evaluation FOLDER [PHOTOS [CLASSES]]\n");
    return 2;
  }
  const std::string folder = words[1];
  const int64_t photos = count > 2 ? std::atoll(words[2]) : 10000, classes = count > 3 ? std::atoll(words[3]) : 1000;
  const double program = peak_mb();
  Outputs outputs = made_up_outputs(photos, classes);
  const double made = peak_mb();
  const auto start = std::chrono::steady_clock::now();
  const EvaluationSubject subject = made_up_subject(folder, classes);
  write_evaluation(folder, subject, evaluate(subject, std::move(outputs)));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("program %.0f MB, predictions %.0f MB, evaluation and files %.0f MB more, %.1f s\n", program,
              made - program, peak_mb() - made, seconds);
  return 0;
}
