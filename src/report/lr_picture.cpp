#include "report/lr_picture.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/plot.h"

namespace cvtool {

void write_lr_png(const std::string& path, const std::vector<double>& rates, const std::vector<double>& losses,
                  double suggested) {
  Chart chart;
  chart.title = "Loss against learning rate";
  chart.x.label = "learning rate, power of ten";
  chart.x.whole = true;
  chart.y.label = "loss";
  Series series{"loss of the same photos", {}, losses, series_ink(0)};
  for (const double rate : rates) series.x.push_back(std::log10(rate));
  chart.series.push_back(std::move(series));
  chart.marks.push_back({std::log10(suggested), "falls fastest (" + Json(suggested).dump() + ")"});
  Canvas canvas(720, 440);
  draw_chart(canvas, {0, 0, 720, 440}, chart);
  write_picture(path, canvas);
}

}  // namespace cvtool
