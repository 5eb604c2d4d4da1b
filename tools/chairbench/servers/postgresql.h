// A PostgreSQL server of one's own, driven by its own programs.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_POSTGRESQL_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_POSTGRESQL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/chairbench/records/answers.h"
#include "tools/process/subprocess.h"

namespace emptychair::bench {

// Listens on a port of 127.0.0.1, as emptychaird does, for those who have a password that only its
// folder knows. It has the default settings but for 256 MiB of buffers, as many as emptychaird has,
// and room for 4 GiB of log between checkpoints. Every commit is synced.
//
// It refuses to run as root: started by root, it and its tools run as the user `postgres`. Not
// thread-safe.
class PostgreSql {
 public:
  // Makes a database in `folder`, which must not exist, with the programs in `bin`, and in it the
  // table `feedback` with its two indexes: ids, unique, and customers by time.
  // FAILED_PRECONDITION when there are no such programs.
  static absl::StatusOr<std::unique_ptr<PostgreSql>> Start(const std::string& bin,
                                                           const std::string& folder);

  // Copies `count` rows in, in one transaction, and answers how long that took; writing the rows
  // to a file first is not counted.
  absl::StatusOr<absl::Duration> Copy(int64_t count,
                                      absl::FunctionRef<BenchAnswer(int64_t index)> row);

  // Inserts single rows with `clients` connections for `time`, each durable before the next, and
  // answers how many there were a second. Prepared, by pgbench.
  absl::StatusOr<double> InsertsPerSecond(int clients, absl::Duration time);

  absl::Status Execute(absl::string_view sql);

  // Runs the statements one after the other and answers the time of each, in milliseconds, from
  // its call to its printed answer.
  absl::StatusOr<std::vector<double>> Time(const std::vector<std::string>& statements);

  // What a statement answered: a line for each row, with a space between values.
  struct Answer {
    double ms = 0;
    std::string rows;
  };
  absl::StatusOr<Answer> Ask(const std::string& statement);

  // Stops it and waits for its end.
  absl::Status Stop();

 private:
  PostgreSql(std::string bin, std::string folder);

  absl::Status MakeFolder();
  absl::Status MakeDatabase();
  absl::Status WaitUntilReady();
  std::string Path(absl::string_view name) const;
  absl::Status StartServer();
  std::vector<std::string> Command(const std::string& program,
                                   const std::vector<std::string>& arguments) const;
  absl::StatusOr<std::string> Run(const std::string& program,
                                  const std::vector<std::string>& arguments) const;
  absl::StatusOr<std::string> RunTimed(const std::vector<std::string>& statements) const;

  const std::string bin_;
  const std::string folder_;
  const std::string password_;
  // Of each program that is run.
  SubprocessOptions options_;
  std::unique_ptr<Subprocess> server_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_POSTGRESQL_H_
