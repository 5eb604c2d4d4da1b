// Files and folders, made so that they last.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_FILE_TREE_H_
#define EMPTYCHAIR_STORAGE_BACKUP_FILE_TREE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/env.h"

namespace emptychair::storage {

// What went wrong with a file of a backup. BACKUP_DISK_FULL where there was no space; else
// FAILED_PRECONDITION that says what the file system said.
absl::Status FromBackupDisk(const rocksdb::Status& status, absl::string_view doing);

// Removes a folder with all that is in it; nothing when it is not there.
absl::Status RemoveTree(rocksdb::Env* env, const std::string& path);

// Makes a folder that only its owner can use, unless it is there.
absl::Status MakePrivateFolder(rocksdb::Env* env, const std::string& path);

// The names in a folder, in order, without "." and "..".
absl::StatusOr<std::vector<std::string>> NamesIn(rocksdb::Env* env, const std::string& path);

// Makes what was named in a folder, or removed from it, last.
absl::Status SyncFolder(rocksdb::Env* env, const std::string& path);

// Writes a file under another name, syncs it, and then gives it its own. `path`'s folder is to be
// synced after. Nobody but its owner can read it.
absl::Status WriteFileAtOnce(rocksdb::Env* env, const std::string& path,
                             const std::string& unfinished_path, absl::string_view content);

// Lets nobody but its owner read a file, and nobody write it. What the file system does not know of
// that is no error.
void MakeReadOnly(const std::string& path);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_FILE_TREE_H_
