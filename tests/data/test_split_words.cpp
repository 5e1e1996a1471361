#include "data/split_words.h"

#include <doctest/doctest.h>

using namespace cvtool;

TEST_CASE("The usual spellings of the splits are known") {
  for (const char* word : {"train", "Train", "TRAINING", "training_set", "trainset", "Train-Set", "train images",
                           "trainImages", "train2017", "data_train", "trn", "training.data", "images-train"})
    CHECK_MESSAGE(split_name(word) == "train", word);
  for (const char* word : {"test", "Test", "testing", "test_set", "TestSet", "Testing Images", "test-data", "tst"})
    CHECK_MESSAGE(split_name(word) == "test", word);
  for (const char* word :
       {"valid", "Val", "validation", "VALIDATION_SET", "val2014", "dev", "dev-set", "eval", "evaluation"})
    CHECK_MESSAGE(split_name(word) == "valid", word);
  for (const char* word : {"", "cat", "trainer", "trains", "testament", "validator", "bullet train", "train station",
                           "set", "data", "2017", "devil", "train test", "test1", "value", "evaluated", "contest"})
    CHECK_MESSAGE(split_name(word).empty(), word);
  CHECK(is_evaluation_word("Eval_set"));
  CHECK_FALSE(is_evaluation_word("val"));
}
