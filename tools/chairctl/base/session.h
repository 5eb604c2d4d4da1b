// Environment and settings of a command, and its error output.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_SESSION_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_SESSION_H_

#include <map>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/environment.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {

inline constexpr int kExitOk = 0;
// The tool failed, or an import rejected rows.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
// The service answered with an error: this plus its gRPC code.
inline constexpr int kExitService = 64;

struct Session {
  const Environment& environment;
  OutputFormat format;
  Client client;
  // For calls that can take long: waits for them unless a timeout was given.
  Client patient_client;
  CsvForm csv_form = CsvForm::kExact;
  // Those of `client`, for a command that needs a client of its own, and whether the user has given
  // the timeout.
  ClientOptions options;
  bool has_timeout = false;

  std::ostream& out() const { return *environment.out; }
  // Writes the output as CSV: one writer from its header to its last row.
  CsvWriter csv() const { return {out(), csv_form}; }
};

// Each writes `chairctl: …` to the error stream and answers the exit code of its sort.
int UsageError(const Environment& environment, absl::string_view message);
int ToolError(const Environment& environment, absl::string_view message);
int ServiceError(const Environment& environment, const absl::Status& status);

// Prints `fields` as one row of CSV or as a table; JSON is `json`, or the message itself.
void PrintRecord(const Session& session, const TextFields& fields, absl::string_view json);
void PrintRecord(const Session& session, const TextFields& fields,
                 const google::protobuf::Message& message);

// The time zone of a survey, asked of the service. On failure reports it, sets `*exit_code` and
// answers nothing.
std::optional<absl::TimeZone> ReadSurveyZone(Session& session, const std::string& survey_id,
                                             int* exit_code);

// The same of an activity kind; UTC for one that is not there yet.
std::optional<absl::TimeZone> ReadKindZone(Session& session, const std::string& kind,
                                           int* exit_code);

// Reads the time of `--occur-time`. One without an offset is in the zone that `read_zone`, one of
// the two above, has of `id`. On failure reports it, sets `*exit_code` and answers nothing.
using ReadZone = std::optional<absl::TimeZone> (*)(Session& session, const std::string& id,
                                                   int* exit_code);
std::optional<google::protobuf::Timestamp> ReadOccurTime(Session& session, const std::string& text,
                                                         ReadZone read_zone, const std::string& id,
                                                         int* exit_code);

// Knows the zones of surveys, each asked of the service once. Not thread-safe.
class SurveyZones {
 public:
  // `session` must outlive the zones.
  explicit SurveyZones(Session& session) : session_(session) {}

  // The zone in which tables show times of the survey: UTC when it cannot be found, as for a survey
  // that is gone or a zone that this machine does not have; the offset shown says so.
  absl::TimeZone Of(const std::string& survey_id);

 private:
  Session& session_;
  std::map<std::string, absl::TimeZone> zones_;
};

// `REASON: message`; for a status without a reason, its code's name stands there.
// Of the failures of a batch the later ones have no message: then it is the reason alone.
std::string Describe(const absl::Status& status);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_SESSION_H_
