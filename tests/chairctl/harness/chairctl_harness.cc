#include "tests/chairctl/harness/chairctl_harness.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/chairctl/commands/cli.h"

namespace emptychair {

ChairctlResult Chairctl::Run(const std::vector<std::string>& arguments) {
  std::istringstream in(standard_input);
  std::ostringstream out;
  std::ostringstream err;
  Environment environment;
  environment.variable = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  environment.in = &in;
  environment.out = &out;
  environment.err = &err;
  environment.clock = &clock;
  environment.sleep = [this](absl::Duration duration) {
    slept.push_back(duration);
    clock.Advance(duration);
  };
  environment.out_is_terminal = is_terminal;
  environment.err_is_terminal = is_terminal;
  environment.columns = columns;
  const int exit_code = RunChairctl(arguments, environment);
  return {exit_code, out.str(), err.str()};
}

TemporaryFile::TemporaryFile(absl::string_view name, absl::string_view content) {
  directory_ = ::testing::TempDir() + "/chairctl-XXXXXX";
  if (mkdtemp(directory_.data()) == nullptr) {
    std::abort();
  }
  path_ = absl::StrCat(directory_, "/", name);
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  std::ofstream(path_, std::ios::binary) << content;
}

TemporaryFile::~TemporaryFile() { std::filesystem::remove_all(directory_); }

std::string TemporaryFile::Read() const {
  std::ifstream file(path_, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace emptychair
