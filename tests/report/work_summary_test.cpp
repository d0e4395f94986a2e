#include "microgpt/report/work_summary.hpp"

#include <gtest/gtest.h>

namespace microgpt::test {

using namespace report;
namespace {

Trial trial(int rank, double start, double seconds, double flops, bool known = false) {
  return {.task = {.flops = flops},
          .timing = {.rank = rank, .host = "here", .start = start, .seconds = seconds},
          .known = known};
}

TEST(WorkSummary, utilisation_is_the_busy_share_from_the_first_start_to_the_last_end) {
  WorkSummary work;
  work.add(trial(1, 100, 4, 40));
  work.add(trial(2, 100, 1, 10));
  work.add(trial(2, 102, 2, 20));
  EXPECT_DOUBLE_EQ(work.utilisation(2), 7.0 / 8);
  EXPECT_DOUBLE_EQ(work.utilisation(4), 7.0 / 16);
  const std::string text = work.text(2, 0.5);
  EXPECT_NE(text.find("3 trainings by 2 workers in 4.00 s, busy 88 %"), std::string::npos) << text;
  EXPECT_NE(text.find("0.50 s of CPU time"), std::string::npos) << text;
  EXPECT_NE(text.find("rank correlation of FLOPs and seconds 1.000"), std::string::npos) << text;
  EXPECT_NE(text.find("from 1.00 to 1.00 times the median"), std::string::npos) << text;
}

TEST(WorkSummary, shows_each_rank_along_the_time) {
  WorkSummary work;
  work.add(trial(1, 0, 60, 1));
  work.add(trial(2, 30, 15, 1));
  const std::string text = work.text(2, 0);
  EXPECT_NE(text.find("rank   1 |" + std::string(60, '#') + "|  100 %"), std::string::npos) << text;
  EXPECT_NE(text.find("rank   2 |" + std::string(30, ' ') + std::string(15, '#') +
                      std::string(15, ' ') + "|   25 %"),
            std::string::npos)
      << text;
}

TEST(WorkSummary, what_came_from_a_cache_is_no_work) {
  WorkSummary work;
  work.add(trial(-1, 0, 0, 5, true));
  EXPECT_EQ(work.utilisation(3), 0);
  EXPECT_EQ(work.text(3, 0), "Work: nothing was trained\n");
}

}  // namespace
}  // namespace microgpt::test
