#include "storage/backup/manifest.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "google/protobuf/util/json_util.h"
#include "storage/backup/file_tree.h"
#include "storage/backup/sha256.h"

namespace emptychair::storage {
namespace {

constexpr uint32_t kManifestFormat = 1;
constexpr absl::string_view kSuffix = ".jsonl";

absl::Status AppendLine(const google::protobuf::Message& message, std::string& text) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &line, options);
  if (!printed.ok()) {
    return absl::InternalError("a line of a manifest cannot be written as JSON");
  }
  absl::StrAppend(&text, line, "\n");
  return absl::OkStatus();
}

std::string LastLine(absl::string_view before) {
  return absl::StrCat("{\"sha256\":\"", Sha256Text(before), "\"}\n");
}

bool ParseLine(absl::string_view line, google::protobuf::Message& message) {
  return google::protobuf::util::JsonStringToMessage({line.data(), line.size()}, &message).ok();
}

// A plain name, which leads nowhere else.
bool IsFileName(absl::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

bool IsSound(const BackupManifest& manifest, const std::string& backup_id) {
  const store::v1::BackupHeader& header = manifest.header;
  if (header.format() != kManifestFormat || header.backup_id() != backup_id ||
      !Uuid::Parse(header.store_id()).has_value() || header.file_count() != manifest.files.size()) {
    return false;
  }
  std::set<absl::string_view> names;
  return std::all_of(manifest.files.begin(), manifest.files.end(),
                     [&](const store::v1::BackupFile& file) {
                       return IsFileName(file.name()) && IsSha256Text(file.sha256()) &&
                              names.insert(file.name()).second;
                     });
}

absl::Time StartOf(const ListedBackup& backup) {
  return backup.damage.empty() ? FromTimestamp(backup.manifest.header.start_time())
                               : TimeOfBackupId(backup.backup_id);
}

}  // namespace

absl::Status BackupDamagedError(absl::string_view backup_id, absl::string_view file,
                                absl::string_view what) {
  return Error(v1::ERROR_REASON_BACKUP_DAMAGED, absl::StrCat("\"", file, "\": ", what),
               {{"backup_id", backup_id}, {"file", file}});
}

absl::StatusOr<std::string> EncodeManifest(const BackupManifest& manifest) {
  std::string text;
  RETURN_IF_ERROR(AppendLine(manifest.header, text));
  for (const store::v1::BackupFile& file : manifest.files) {
    RETURN_IF_ERROR(AppendLine(file, text));
  }
  text += LastLine(text);
  return text;
}

absl::StatusOr<BackupManifest> DecodeManifest(const std::string& backup_id,
                                              absl::string_view text) {
  const absl::Status damaged =
      BackupDamagedError(backup_id, absl::StrCat("backups/", backup_id, kSuffix),
                         "the manifest is not as it was written");
  const size_t last_size = LastLine("").size();
  if (text.size() <= last_size) {
    return damaged;
  }
  const absl::string_view before = text.substr(0, text.size() - last_size);
  if (text.substr(before.size()) != LastLine(before) || before.back() != '\n') {
    return damaged;
  }
  BackupManifest manifest;
  bool is_first = true;
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(before, "\n"), '\n')) {
    const bool is_read = is_first ? ParseLine(line, manifest.header)
                                  : ParseLine(line, manifest.files.emplace_back());
    if (!is_read) {
      return damaged;
    }
    is_first = false;
  }
  if (!IsSound(manifest, backup_id)) {
    return damaged;
  }
  return manifest;
}

absl::StatusOr<BackupManifest> ReadManifest(const BackupDirectory& directory,
                                            const std::string& backup_id) {
  const std::string path = directory.ManifestPath(backup_id);
  std::string text;
  const rocksdb::Status read = rocksdb::ReadFileToString(directory.env(), path, &text);
  if (read.IsNotFound() || read.IsPathNotFound()) {
    return Error(v1::ERROR_REASON_BACKUP_NOT_FOUND, absl::StrCat("there is no backup ", backup_id),
                 {{"backup_id", backup_id}});
  }
  RETURN_IF_ERROR(FromBackupDisk(read, absl::StrCat("reading \"", path, "\"")));
  return DecodeManifest(backup_id, text);
}

absl::Status WriteManifest(const BackupDirectory& directory, const BackupManifest& manifest) {
  ASSIGN_OR_RETURN(const std::string text, EncodeManifest(manifest));
  RETURN_IF_ERROR(WriteFileAtOnce(directory.env(),
                                  directory.ManifestPath(manifest.header.backup_id()),
                                  directory.TemporaryFolder() + "/manifest", text));
  return SyncFolder(directory.env(), directory.ManifestFolder());
}

std::map<std::string, std::string> LinesOf(const std::vector<ListedBackup>& backups) {
  std::map<std::string, std::string> lines;
  for (const ListedBackup& backup : backups) {
    if (!backup.damage.empty()) {
      continue;
    }
    const store::v1::BackupHeader& header = backup.manifest.header;
    const std::string line = lines.try_emplace(header.store_id(), header.store_id()).first->second;
    for (const std::string& former : header.former_store_ids()) {
      lines.try_emplace(former, line);
    }
  }
  return lines;
}

absl::StatusOr<std::vector<ListedBackup>> ListBackups(const BackupDirectory& directory) {
  RETURN_IF_ERROR(directory.Check());
  ASSIGN_OR_RETURN(std::vector<std::string> names,
                   NamesIn(directory.env(), directory.ManifestFolder()));
  std::vector<ListedBackup> backups;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    absl::string_view backup_id = *name;
    if (!absl::ConsumeSuffix(&backup_id, kSuffix) || !IsBackupId(backup_id)) {
      continue;
    }
    ListedBackup listed{.backup_id = std::string(backup_id)};
    absl::StatusOr<BackupManifest> manifest = ReadManifest(directory, listed.backup_id);
    if (manifest.ok()) {
      listed.manifest = *std::move(manifest);
    } else if (ReasonOf(manifest.status()) == v1::ERROR_REASON_BACKUP_NOT_FOUND) {
      continue;  // Somebody has removed it since.
    } else {
      listed.damage = std::string(manifest.status().message());
    }
    backups.push_back(std::move(listed));
  }
  // Names tell the second alone.
  std::stable_sort(
      backups.begin(), backups.end(),
      [](const ListedBackup& a, const ListedBackup& b) { return StartOf(a) > StartOf(b); });
  return backups;
}

}  // namespace emptychair::storage
