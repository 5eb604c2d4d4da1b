#include "tools/command_line/command_line.h"

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

namespace emptychair {

Flag Flag::Required() const {
  option_->required();
  return *this;
}

Flag Flag::OneValueEach() const {
  option_->allow_extra_args(false);
  return *this;
}

Flag Flag::OneOf(const std::vector<std::string>& values) const {
  option_->transform(CLI::IsMember(values, CLI::ignore_case));
  return *this;
}

template <typename Number>
Flag Flag::Between(Number min, Number max) const {
  option_->check(CLI::Range(min, max));
  return *this;
}
template Flag Flag::Between(int min, int max) const;
template Flag Flag::Between(int64_t min, int64_t max) const;
template Flag Flag::Between(double min, double max) const;

Flag Flag::ExistingFolder() const {
  option_->check(CLI::ExistingDirectory);
  return *this;
}

Flag Flag::NotEmpty(const std::string& error) const {
  option_->check([error](const std::string& value) { return value.empty() ? error : ""; });
  return *this;
}

Flag Flag::Excludes(Flag other) const {
  option_->excludes(other.option_);
  return *this;
}

Flag Flag::Needs(Flag other) const {
  option_->needs(other.option_);
  return *this;
}

CommandLine CommandLine::AddCommand(const std::string& name, const std::string& description) const {
  return CommandLine(app_->add_subcommand(name, description));
}

void CommandLine::RequireCommand() const { app_->require_subcommand(1); }

void CommandLine::Footer(const std::string& text) const { app_->footer(text); }

void CommandLine::Hide() const { app_->group(""); }

void CommandLine::OnChosen(std::function<void()> on_chosen) const {
  app_->callback(std::move(on_chosen));
}

template <typename Value>
Flag CommandLine::Add(const std::string& name, Value& value, const std::string& description) const {
  if constexpr (std::is_same_v<Value, bool>) {
    return Flag(app_->add_flag(name, value, description));
  } else if constexpr (std::is_same_v<Value, std::optional<bool>>) {
    // How often it was given; below 0 for what was denied.
    const auto set = [&value](int64_t count) { value = count > 0; };
    CLI::Option* const option = app_->add_flag_function(name, set, description);
    // CLI11 throws what is no error of its own for a value that is neither.
    option->check(CLI::IsMember({"true", "false"}));
    return Flag(option);
  } else {
    return Flag(app_->add_option(name, value, description));
  }
}
template Flag CommandLine::Add(const std::string&, bool&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, int&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, int64_t&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, uint64_t&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, double&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::string&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::vector<std::string>&,
                               const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::vector<int>&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::optional<bool>&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::optional<int>&, const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::optional<int64_t>&,
                               const std::string&) const;
template Flag CommandLine::Add(const std::string&, std::optional<std::string>&,
                               const std::string&) const;

Flag CommandLine::Find(const std::string& name) const { return Flag(app_->get_option(name)); }

bool CommandLine::Has(const std::string& name) const { return app_->count(name) > 0; }

Program::Program(const std::string& description, const std::string& name)
    : app_(std::make_unique<CLI::App>(description, name)) {
  // Inherited by commands.
  app_->fallthrough();
}

Program::~Program() = default;

void Program::SetVersion(const std::string& version) {
  app_->set_version_flag("--version", version);
}

Parsed Program::Parse(const std::vector<std::string>& arguments, std::ostream& out) {
  try {
    // CLI11 takes arguments from the back.
    app_->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Success& asked) {
    app_->exit(asked, out, out);
    return {.is_answered = true};
  } catch (const CLI::RequiredError& missing) {
    // An unknown command shows as a missing one.
    const std::vector<std::string> unknown = app_->remaining(true);
    return {.error =
                unknown.empty() ? missing.what() : absl::StrCat("not expected: ", unknown.front())};
  } catch (const CLI::Error& refused) {
    return {.error = refused.what()};
  }
  return {};
}

}  // namespace emptychair
