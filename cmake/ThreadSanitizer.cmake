# ThreadSanitizer for the code that links no gRPC; included by the preset `tsan`.
#
# Debian's abseil and RocksDB are not instrumented: ThreadSanitizer sees no order between two sections
# under an absl::Mutex, and not all order within RocksDB. tests/helpers/tsan_shims.cc tells it.
add_compile_options(-fsanitize=thread)
add_link_options(-fsanitize=thread)

# As `nm -u --demangle=no` names what our objects use. A function that is missing here shows as false
# reports, never as silence.
set(wrapped_symbols
  _ZN4absl7debian35Mutex4LockEv
  _ZN4absl7debian35Mutex6UnlockEv
  _ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE
  _ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE
  _ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE
  _ZN4absl7debian37CondVar4WaitEPNS0_5MutexE
  _ZN4absl7debian312Notification6NotifyEv
  _ZNK4absl7debian312Notification19WaitForNotificationEv
  _ZN4absl7debian315BlockingCounter14DecrementCountEv
  _ZN4absl7debian315BlockingCounter4WaitEv
  _ZN4absl7debian37Barrier5BlockEv)
foreach(symbol IN LISTS wrapped_symbols)
  add_link_options(-Wl,--wrap=${symbol})
endforeach()

add_library(emptychair_tsan_shims STATIC tests/helpers/tsan_shims.cc)
target_link_libraries(emptychair_tsan_shims PUBLIC absl::synchronization)
# Not for what is installed, which knows of no shims.
link_libraries($<BUILD_INTERFACE:emptychair_tsan_shims>)
