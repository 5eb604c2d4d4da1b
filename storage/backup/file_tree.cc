#include "storage/backup/file_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair::storage {

absl::Status FromBackupDisk(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const std::string text = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsNoSpace()) {
    return Error(v1::ERROR_REASON_BACKUP_DISK_FULL, text);
  }
  return absl::FailedPreconditionError(text);
}

absl::StatusOr<std::vector<std::string>> NamesIn(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> names;
  RETURN_IF_ERROR(
      FromBackupDisk(env->GetChildren(path, &names), absl::StrCat("listing \"", path, "\"")));
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) { return name == "." || name == ".."; }),
              names.end());
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status RemoveTree(rocksdb::Env* env, const std::string& path) {
  if (env->FileExists(path).IsNotFound()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(env, path));
  for (const std::string& name : names) {
    const std::string child = absl::StrCat(path, "/", name);
    bool is_folder = false;
    if (env->IsDirectory(child, &is_folder).ok() && is_folder) {
      RETURN_IF_ERROR(RemoveTree(env, child));
    } else {
      RETURN_IF_ERROR(
          FromBackupDisk(env->DeleteFile(child), absl::StrCat("removing \"", child, "\"")));
    }
  }
  // So that nothing of it comes back in a folder that is gone.
  RETURN_IF_ERROR(SyncFolder(env, path));
  return FromBackupDisk(env->DeleteDir(path), absl::StrCat("removing \"", path, "\""));
}

absl::Status MakePrivateFolder(rocksdb::Env* env, const std::string& path) {
  if (env->FileExists(path).ok()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(
      FromBackupDisk(env->CreateDirIfMissing(path), absl::StrCat("making \"", path, "\"")));
  ::chmod(path.c_str(), S_IRWXU);
  return absl::OkStatus();
}

absl::Status SyncFolder(rocksdb::Env* env, const std::string& path) {
  const std::string doing = absl::StrCat("syncing \"", path, "\"");
  std::unique_ptr<rocksdb::Directory> folder;
  RETURN_IF_ERROR(FromBackupDisk(env->NewDirectory(path, &folder), doing));
  return FromBackupDisk(folder->Fsync(), doing);
}

absl::Status WriteFileAtOnce(rocksdb::Env* env, const std::string& path,
                             const std::string& unfinished_path, absl::string_view content) {
  const std::string doing = absl::StrCat("writing \"", path, "\"");
  std::unique_ptr<rocksdb::WritableFile> file;
  RETURN_IF_ERROR(
      FromBackupDisk(env->NewWritableFile(unfinished_path, &file, rocksdb::EnvOptions()), doing));
  ::chmod(unfinished_path.c_str(), S_IRUSR | S_IWUSR);
  RETURN_IF_ERROR(FromBackupDisk(file->Append({content.data(), content.size()}), doing));
  RETURN_IF_ERROR(FromBackupDisk(file->Sync(), doing));
  RETURN_IF_ERROR(FromBackupDisk(file->Close(), doing));
  return FromBackupDisk(env->RenameFile(unfinished_path, path), doing);
}

void MakeReadOnly(const std::string& path) { ::chmod(path.c_str(), S_IRUSR); }

}  // namespace emptychair::storage
