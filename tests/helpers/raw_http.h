// HTTP as bytes on a socket: for requests that no library would send.
#ifndef EMPTYCHAIR_TESTS_HELPERS_RAW_HTTP_H_
#define EMPTYCHAIR_TESTS_HELPERS_RAW_HTTP_H_

#include <string>

#include "absl/strings/string_view.h"

namespace emptychair::testing {

struct HttpAnswer {
  // 0: none came.
  int status = 0;
  // With its empty line.
  std::string head;
  std::string body;

  // The value of a field of the head; empty when there is none.
  std::string Field(absl::string_view name) const;
};

// A connection to "127.0.0.1:PORT". What does not come within a minute does not come.
class RawConnection {
 public:
  explicit RawConnection(const std::string& address);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool is_open() const { return fd_ >= 0; }

  // False once the peer takes nothing any more.
  bool Send(absl::string_view bytes);

  // The next answer; its body has as many bytes as Content-Length says, or none of HEAD.
  HttpAnswer Read(bool is_head = false);

  // Nothing more comes: the peer has closed its side.
  bool IsAtEnd();

 private:
  // Reads more; false at the end.
  bool Fill();

  int fd_ = -1;
  std::string received_;
};

// Sends `bytes` on a connection of their own, and reads one answer.
HttpAnswer SendHttp(const std::string& address, absl::string_view bytes);

// GET, or another method.
HttpAnswer GetHttp(const std::string& address, absl::string_view target,
                   absl::string_view method = "GET");

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_RAW_HTTP_H_
