// history.csv: one row an epoch.
#pragma once

#include <string>
#include <vector>

#include "base/observer.h"

namespace cvtool {

// "epoch,loss,accuracy,val_loss,val_accuracy,lr,seconds,images_per_second" and the rows; numbers are written so that
// they read back unchanged.
std::string history_csv(const std::vector<EpochReport>& history);

}  // namespace cvtool
