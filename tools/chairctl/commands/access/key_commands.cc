// The group `key`, and `whoami`.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/secret_file.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/access/key_flags.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/text/key_text.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1000;

struct CreateFlags {
  KeyFlags key;
  std::string certificate;
  std::optional<std::string> out;
};

struct UpdateFlags {
  std::string key_id;
  KeyFlags key;
  std::string etag;
};

struct RotateFlags {
  std::string key_id;
  std::optional<std::string> overlap;
  std::optional<std::string> out;
};

template <typename Response>
int PrintResult(const Session& session, const absl::StatusOr<Response>& response) {
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session, KeyFields(response->key(), session.format), response->key());
  return kExitOk;
}

// The place for a key's text, if a file was named. False, and reported, when it cannot be made.
bool MakeOut(const Session& session, const std::optional<std::string>& path,
             std::optional<SecretFile>& file) {
  if (!path.has_value()) {
    return true;
  }
  absl::StatusOr<SecretFile> made = SecretFile::Create("--out", *path);
  if (!made.ok()) {
    UsageError(session.environment, made.status().message());
    return false;
  }
  file.emplace(*std::move(made));
  return true;
}

// Prints a key with its text, which is told this once, or writes the text to `file`.
template <typename Response>
int PrintWithText(const Session& session, Response response, std::optional<SecretFile>& file) {
  if (file.has_value() && !response.key_text().empty()) {
    if (const absl::Status written = file->Write(response.key_text()); !written.ok()) {
      return ToolError(session.environment,
                       absl::StrCat(written.message(), "; the text of key ",
                                    response.key().key_id(), " is lost: rotate or revoke it"));
    }
    response.clear_key_text();
  }
  TextFields fields = KeyFields(response.key(), session.format);
  const bool has_text = !response.key_text().empty();
  if (has_text || session.format == OutputFormat::kCsv) {
    fields.emplace_back("key_text", response.key_text());
  }
  PrintRecord(session, fields, response);
  if (has_text && session.format == OutputFormat::kTable) {
    *session.environment.err << "chairctl: the text is shown this once: keep it now\n";
  }
  return kExitOk;
}

int Create(Session& session, const CreateFlags& flags, CommandLine given) {
  v1::CreateKeyRequest request;
  v1::Key& key = *request.mutable_key();
  const absl::Time now = session.environment.clock->Now();
  if (const absl::Status read = ReadKey(flags.key, now, key); !read.ok()) {
    return UsageError(session.environment, read.message());
  }
  key.set_certificate_san(flags.certificate);
  if (!key.all_surveys() && key.survey_ids().empty()) {
    return UsageError(session.environment, "key create: wanted --survey or --all-surveys");
  }
  if (given.Has("--certificate") && flags.out.has_value()) {
    return UsageError(session.environment, "--out: is for a key's text; a certificate has none");
  }
  std::optional<SecretFile> file;
  if (!MakeOut(session, flags.out, file)) {
    return kExitUsage;
  }
  absl::StatusOr<v1::CreateKeyResponse> response = session.client.CreateKey(request);
  return response.ok() ? PrintWithText(session, *std::move(response), file)
                       : ServiceError(session.environment, response.status());
}

int Rotate(Session& session, const RotateFlags& flags) {
  v1::RotateKeyRequest request;
  request.set_key_id(flags.key_id);
  if (flags.overlap.has_value()) {
    const absl::StatusOr<absl::Duration> overlap = ParseSpan("--overlap", *flags.overlap);
    if (!overlap.ok()) {
      return UsageError(session.environment, overlap.status().message());
    }
    request.mutable_overlap()->set_seconds(absl::ToInt64Seconds(*overlap));
  }
  std::optional<SecretFile> file;
  if (!MakeOut(session, flags.out, file)) {
    return kExitUsage;
  }
  absl::StatusOr<v1::RotateKeyResponse> response = session.client.RotateKey(request);
  return response.ok() ? PrintWithText(session, *std::move(response), file)
                       : ServiceError(session.environment, response.status());
}

// What is given replaces what is stored; of the limits, each that is given.
int Update(Session& session, const UpdateFlags& flags, CommandLine given) {
  v1::UpdateKeyRequest request;
  v1::Key& key = *request.mutable_key();
  const absl::Time now = session.environment.clock->Now();
  if (const absl::Status read = ReadKey(flags.key, now, key); !read.ok()) {
    return UsageError(session.environment, read.message());
  }
  key.set_key_id(flags.key_id);
  key.set_etag(flags.etag);
  for (const std::string& path : ChangedFields(given)) {
    request.mutable_update_mask()->add_paths(path);
  }
  if (!request.has_update_mask()) {
    return UsageError(session.environment, "key update: wanted at least one change");
  }
  if (key.has_limits()) {
    v1::GetKeyRequest get;
    get.set_key_id(flags.key_id);
    const absl::StatusOr<v1::GetKeyResponse> stored = session.client.GetKey(get);
    if (!stored.ok()) {
      return ServiceError(session.environment, stored.status());
    }
    KeepOtherLimits(stored->key().limits(), given, *key.mutable_limits());
    if (flags.etag.empty()) {
      key.set_etag(stored->key().etag());
    }
  }
  return PrintResult(session, session.client.UpdateKey(request));
}

int Get(Session& session, const std::string& key_id) {
  v1::GetKeyRequest request;
  request.set_key_id(key_id);
  return PrintResult(session, session.client.GetKey(request));
}

int Revoke(Session& session, const std::string& key_id) {
  v1::RevokeKeyRequest request;
  request.set_key_id(key_id);
  return PrintResult(session, session.client.RevokeKey(request));
}

int List(Session& session, int limit, bool include_revoked) {
  std::vector<v1::Key> keys;
  v1::ListKeysRequest request;
  request.set_page_size(std::min(limit, kPageSize));
  request.set_include_revoked(include_revoked);
  for (absl::StatusOr<v1::Key>& key : session.client.ListKeys(request)) {
    if (!key.ok()) {
      return ServiceError(session.environment, key.status());
    }
    keys.push_back(*std::move(key));
    if (static_cast<int>(keys.size()) == limit) {
      break;
    }
  }
  switch (session.format) {
    case OutputFormat::kJson: {
      const std::vector<const google::protobuf::Message*> messages = [&keys] {
        std::vector<const google::protobuf::Message*> all;
        for (const v1::Key& key : keys) {
          all.push_back(&key);
        }
        return all;
      }();
      session.out() << ToJsonList("keys", messages);
      break;
    }
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintKeysCsv(keys, csv);
      break;
    }
    case OutputFormat::kTable:
      PrintKeysTable(keys, include_revoked, session.out());
      break;
  }
  return kExitOk;
}

int WhoAmI(Session& session) {
  const absl::StatusOr<v1::GetCallerResponse> caller = session.client.GetCaller();
  if (!caller.ok()) {
    return ServiceError(session.environment, caller.status());
  }
  PrintRecord(session, CallerFields(*caller), *caller);
  return kExitOk;
}

constexpr char kOutHelp[] =
    "New file for the key's text, which only you can read; never written over. Without it the text "
    "is printed";

void AddCreate(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("create", "Make a key, or register a client certificate");
  auto flags = std::make_shared<CreateFlags>();
  app.Add("NAME", flags->key.name, "Name for people, 1 to 64 bytes").Required();
  AddKeyFlags(app, flags->key).Required();
  app.Add("--certificate", flags->certificate,
          "In place of a key's text: the name in client certificates, uri:… or dns:…");
  app.Add("--out", flags->out, kOutHelp).NotEmpty("wanted the name of a file");
  app.Footer(
      "Example:\n"
      "  chairctl key create shop-backend --role submitter --survey checkout --expires 90d "
      "--out shop.key");
  app.OnChosen([flags, app, command] {
    *command = [flags, app](Session& session) { return Create(session, *flags, app); };
  });
}

void AddUpdate(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("update", "Change what is given of a key");
  auto flags = std::make_shared<UpdateFlags>();
  app.Add("KEY_ID", flags->key_id, "The key").Required();
  app.Add("--name", flags->key.name, "Name for people, 1 to 64 bytes");
  AddKeyFlags(app, flags->key);
  app.Add("--etag", flags->etag, "Only if the key still has this etag");
  app.Footer(
      "--survey replaces all of them: name those that stay, too. It holds at once, for streams\n"
      "under way as well.\n"
      "Example:\n  chairctl key update 04hmasw9nf6y --role reader --expires never");
  app.OnChosen([flags, app, command] {
    *command = [flags, app](Session& session) { return Update(session, *flags, app); };
  });
}

void AddRotate(CommandLine group, Command* command) {
  CommandLine app =
      group.AddCommand("rotate", "Give a key a new text; the old one works for a while");
  auto flags = std::make_shared<RotateFlags>();
  app.Add("KEY_ID", flags->key_id, "The key").Required();
  app.Add("--overlap", flags->overlap,
          "How long the old text works: 0 to 30d, such as 48h or 7d (default 24h)");
  app.Add("--out", flags->out, kOutHelp).NotEmpty("wanted the name of a file");
  app.Footer("Example:\n  chairctl key rotate 04hmasw9nf6y --overlap 7d --out shop.key.new");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Rotate(session, *flags); };
  });
}

void AddList(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("list", "List keys and certificates");
  auto limit = std::make_shared<int>(std::numeric_limits<int>::max());
  auto include_revoked = std::make_shared<bool>(false);
  app.Add("--limit", *limit, "At most so many").Between(1, std::numeric_limits<int>::max());
  app.Add("--include-revoked", *include_revoked, "Those that were revoked, too");
  app.Footer("Example:\n  chairctl key list --include-revoked");
  app.OnChosen([limit, include_revoked, command] {
    *command = [limit, include_revoked](Session& session) {
      return List(session, *limit, *include_revoked);
    };
  });
}

// `get` and `revoke`.
void AddOfOne(CommandLine group, Command* command, const char* name, const char* description,
              int (*run)(Session&, const std::string&)) {
  CommandLine app = group.AddCommand(name, description);
  auto key_id = std::make_shared<std::string>();
  app.Add("KEY_ID", *key_id, "The key").Required();
  app.Footer(absl::StrCat("Example:\n  chairctl key ", name, " 04hmasw9nf6y"));
  app.OnChosen([key_id, run, command] {
    *command = [key_id, run](Session& session) { return run(session, *key_id); };
  });
}

}  // namespace

void AddKeyCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("key", "Say who may call, and what they may do");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl key list");
  AddCreate(group, command);
  AddList(group, command);
  AddOfOne(group, command, "get", "Show a key", Get);
  AddUpdate(group, command);
  AddRotate(group, command);
  AddOfOne(group, command, "revoke", "End a key, for streams under way as well", Revoke);

  CommandLine whoami = app.AddCommand("whoami", "Show who the server takes you for");
  whoami.Footer("Example:\n  chairctl whoami --key-file shop.key");
  whoami.OnChosen([command] { *command = WhoAmI; });
}

}  // namespace emptychair
