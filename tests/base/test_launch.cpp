#include <doctest/doctest.h>

#include <map>

#include "base/error.h"
#include "base/launch.h"
#include "scratch.h"

using namespace cvtool;

namespace {

std::optional<Launch> launch_with(const std::map<std::string, std::string>& environment) {
  return launch_of([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

}  // namespace

TEST_CASE("Without a launcher, and with one process of it, nothing is found") {
  CHECK_FALSE(launch_with({}));
  CHECK_FALSE(launch_with({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  CHECK_FALSE(launch_with({{"MASTER_ADDR", "node1"}, {"MASTER_PORT", "1"}}));
  // The script of a Slurm job is none of its tasks.
  CHECK_FALSE(launch_with({{"SLURM_JOB_ID", "7"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}));
}

TEST_CASE("torchrun's own port stays torchrun's") {
  const auto launch = launch_with({{"RANK", "3"},
                                   {"WORLD_SIZE", "4"},
                                   {"LOCAL_RANK", "1"},
                                   {"LOCAL_WORLD_SIZE", "2"},
                                   {"MASTER_ADDR", "node1"},
                                   {"MASTER_PORT", "29500"},
                                   {"TORCHELASTIC_RUN_ID", "x"}});
  REQUIRE(launch);
  CHECK(launch->rank == 3);
  CHECK(launch->size == 4);
  CHECK(launch->local_rank == 1);
  CHECK(launch->local_size == 2);
  CHECK(launch_text(*launch) == "rank 3 of 4 (torchrun), meeting at node1:29501");
}

TEST_CASE("Open MPI and Slurm are understood; on one machine they need no meeting point") {
  const auto mpi = launch_with({{"OMPI_COMM_WORLD_RANK", "1"},
                                {"OMPI_COMM_WORLD_SIZE", "2"},
                                {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                                {"PMIX_NAMESPACE", "job-1"}});
  REQUIRE(mpi);
  CHECK(mpi->by == "mpirun");
  CHECK(mpi->address == "127.0.0.1");
  CHECK(mpi->port >= 20000);
  const std::map<std::string, std::string> task{{"SLURM_JOB_ID", "7"},   {"SLURM_STEP_ID", "0"},
                                                {"SLURM_PROCID", "2"},   {"SLURM_NTASKS", "4"},
                                                {"SLURM_LOCALID", "0"},  {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"},
                                                {"MASTER_ADDR", "node1"}};
  const auto slurm = launch_with(task);
  REQUIRE(slurm);
  CHECK(slurm->by == "srun");
  CHECK(slurm->local_size == 2);
  auto lost = task;
  lost.erase("MASTER_ADDR");
  CHECK(contains(message_of([&] { launch_with(lost); }), "MASTER_ADDR is not set"));
}

TEST_CASE("What a launcher cannot have said is refused by the variable's name") {
  CHECK(contains(message_of([] {
                   launch_with({{"RANK", "two"}, {"WORLD_SIZE", "4"}});
                 }),
                 "RANK: 'two' is not a number"));
  CHECK(contains(message_of([] { launch_with({{"RANK", "4"}, {"WORLD_SIZE", "4"}}); }), "RANK=4 and WORLD_SIZE=4"));
  CHECK(contains(message_of([] {
                   launch_with({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "70000"}});
                 }),
                 "MASTER_PORT"));
}

TEST_CASE("A launcher that starts all processes anew is known by its job") {
  std::map<std::string, std::string> environment{{"RANK", "1"},
                                                 {"WORLD_SIZE", "2"},
                                                 {"MASTER_ADDR", "node1"},
                                                 {"TORCHELASTIC_RUN_ID", "x"},
                                                 {"TORCHELASTIC_RESTART_COUNT", "0"}};
  const auto first = launch_with(environment);
  environment["TORCHELASTIC_RESTART_COUNT"] = "2";
  const auto third = launch_with(environment);
  REQUIRE(first);
  REQUIRE(third);
  CHECK(first->job == third->job);
  CHECK(first->restarts == 0);
  CHECK(third->restarts == 2);
  environment["TORCHELASTIC_RUN_ID"] = "none";
  CHECK(launch_with(environment)->job.size() > third->job.size());
  const auto slurm = launch_with({{"SLURM_PROCID", "1"},
                                  {"SLURM_NTASKS", "2"},
                                  {"SLURM_STEP_ID", "0"},
                                  {"SLURM_JOB_ID", "77"},
                                  {"SLURM_RESTART_COUNT", "1"}});
  REQUIRE(slurm);
  CHECK(slurm->job == "srun 77.0");
  CHECK(slurm->restarts == 1);
}
