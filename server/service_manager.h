// Tells systemd how far the server is, by sd_notify(3): what Type=notify of its unit waits for.
#ifndef EMPTYCHAIR_SERVER_SERVICE_MANAGER_H_
#define EMPTYCHAIR_SERVER_SERVICE_MANAGER_H_

#include <string>

namespace emptychair {

// None of these does anything unless the environment has NOTIFY_SOCKET, and none can fail: whoever
// started the server does not have to listen. Thread-safe.

// The store in `data_directory` is being opened, which replays its log.
void NotifyRecovering(const std::string& data_directory);

// Calls are taken at `address`, for the first time or after a reload.
void NotifyServing(const std::string& address);

// Files are being read anew, until NotifyServing.
void NotifyReloading();

// No more calls are taken.
void NotifyStopping();

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICE_MANAGER_H_
