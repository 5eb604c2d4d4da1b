// Reads the command lines of the tools. CLI11 does the work; command_line.cc alone includes its
// header, which costs every file that reads it ten seconds of compilation.
#ifndef EMPTYCHAIR_TOOLS_COMMAND_LINE_COMMAND_LINE_H_
#define EMPTYCHAIR_TOOLS_COMMAND_LINE_COMMAND_LINE_H_

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace emptychair {

// Restricts a flag or a positional argument. A handle; the Program must outlive it.
class Flag {
 public:
  // Refuses a command line without the flag.
  Flag Required() const;
  // Takes one value each time that the flag is given; else a list takes all values that follow.
  Flag OneValueEach() const;
  // Refuses a value that is not one of `values`; case does not matter, and is made that of
  // `values`.
  Flag OneOf(const std::vector<std::string>& values) const;
  // Refuses a number outside [min, max]. Defined for int, int64_t and double.
  template <typename Number>
  Flag Between(Number min, Number max) const;
  // Refuses a value that does not name a folder.
  Flag ExistingFolder() const;
  // Refuses an empty value; `error` says what was wanted.
  Flag NotEmpty(const std::string& error) const;
  // Refuses a command line that has both flags.
  Flag Excludes(Flag other) const;
  // Refuses a command line that has the flag without `other`.
  Flag Needs(Flag other) const;

 private:
  friend class CommandLine;
  explicit Flag(CLI::Option* option) : option_(option) {}

  CLI::Option* option_;
};

// Declares the flags and commands of a program, or of one of its commands. A handle; the Program
// must outlive it.
class CommandLine {
 public:
  CommandLine AddCommand(const std::string& name, const std::string& description) const;
  // Refuses a command line that names none of the commands added here.
  void RequireCommand() const;
  // Ends the help with `text`.
  void Footer(const std::string& text) const;
  // Leaves the command out of the help.
  void Hide() const;
  // Calls `on_chosen` when the command was named and all arguments were read.
  void OnChosen(std::function<void()> on_chosen) const;

  // Adds `--name`, or without the dashes a positional argument, which sets `value`: that must
  // outlive Parse. Defined for the types listed in command_line.cc: numbers, texts, optional ones,
  // lists of texts, and bool for a flag without a value; an optional bool also takes
  // `--name=false`.
  template <typename Value>
  Flag Add(const std::string& name, Value& value, const std::string& description = "") const;

  // Finds a flag that was added.
  Flag Find(const std::string& name) const;
  // Tells, after Parse, whether the flag was given.
  bool Has(const std::string& name) const;

 private:
  friend class Program;
  explicit CommandLine(CLI::App* app) : app_(app) {}

  CLI::App* app_;
};

// How reading a command line ended.
struct Parsed {
  // The help or the version was asked for, and is printed.
  bool is_answered = false;
  // Why the arguments are refused; empty when they are not.
  std::string error;
};

// Owns the declarations of a program's command line. Flags of the program can stand behind its
// commands, too. Not thread-safe.
class Program {
 public:
  // `name` is the program's, for the help.
  Program(const std::string& description, const std::string& name);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  CommandLine line() { return CommandLine(app_.get()); }

  // Adds `--version`, which prints `version`.
  void SetVersion(const std::string& version);

  // Reads `arguments`, without the program's name. Prints on `out` what is asked for.
  Parsed Parse(const std::vector<std::string>& arguments, std::ostream& out);

 private:
  std::unique_ptr<CLI::App> app_;
};

// A setting of a configuration file.
struct ConfigItem {
  // With the names of its sections in front, each followed by a full stop.
  std::string name;
  // More than one for a list.
  std::vector<std::string> values;
};

// Reads a configuration file in TOML: texts, numbers, true and false, and lists of these.
// INVALID_ARGUMENT says why it cannot be read.
absl::StatusOr<std::vector<ConfigItem>> ReadToml(std::istream& in);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_COMMAND_LINE_COMMAND_LINE_H_
