#include "train/schedule.h"

#include <algorithm>
#include <cmath>

namespace cvtool {
namespace {

constexpr double kPi = 3.14159265358979323846;

double constant(const ScheduleConfig&, double, double) { return 1; }

double step(const ScheduleConfig& c, double epoch, double) {
  return std::pow(c.decay, std::floor(epoch / static_cast<double>(c.decay_every)));
}

// From `from` to `to` along half a cosine, as `share` goes from 0 to 1.
double along_cosine(double from, double to, double fraction) {
  return to + (from - to) * (1 + std::cos(kPi * std::clamp(fraction, 0.0, 1.0))) / 2;
}

// Loshchilov and Hutter, arXiv 1608.03983, without restarts.
double cosine(const ScheduleConfig& c, double epoch, double epochs) {
  return along_cosine(1, c.lr_end, epoch / epochs);
}

double exponential(const ScheduleConfig& c, double epoch, double) { return std::pow(c.decay, epoch); }

// Smith and Topin, arXiv 1708.07120, with the proportions of PyTorch's OneCycleLR: up from 1/25 over 30 % of the run,
// then down to 1/250,000.
double one_cycle(const ScheduleConfig&, double epoch, double epochs) {
  constexpr double kRise = 0.3, kStart = 1.0 / 25, kEnd = kStart / 1e4;
  const double fraction = epoch / epochs;
  return fraction < kRise ? along_cosine(kStart, 1, fraction / kRise)
                          : along_cosine(1, kEnd, (fraction - kRise) / (1 - kRise));
}

const ScheduleKind& schedule_named(const std::string& name) {
  for (const ScheduleKind& kind : schedule_kinds())
    if (name == kind.name) return kind;
  return schedule_kinds().front();  // fields() lets no other name through
}

}  // namespace

const std::vector<ScheduleKind>& schedule_kinds() {
  static const std::vector<ScheduleKind> kinds{
      {"constant", 1, constant},          {"step", 0.1, step},        {"cosine", 1, cosine},
      {"exponential", 0.95, exponential}, {"plateau", 0.1, constant}, {"one_cycle", 1, one_cycle},
  };
  return kinds;
}

ScheduleConfig with_schedule_defaults(ScheduleConfig config) {
  if (config.decay == 0) config.decay = schedule_named(config.schedule).decay;
  return config;
}

double lr_at(const TrainConfig& config, const SchedulePoint& point) {
  constexpr double kRounding = 1e-9;
  const ScheduleConfig& schedule = config.schedule;
  const double done = point.epoch - point.before, epochs = static_cast<double>(config.epochs) - point.before;
  const double after = done - schedule.warmup, rest = epochs - schedule.warmup;
  if (after < -kRounding) return config.lr * std::min(1.0, (done + point.step) / schedule.warmup);
  const double factor =
      schedule_named(schedule.schedule).factor(schedule, std::max(after, 0.0) + kRounding, std::max(rest, kRounding));
  return config.lr * factor * std::pow(schedule.decay, static_cast<double>(point.drops));
}

}  // namespace cvtool
