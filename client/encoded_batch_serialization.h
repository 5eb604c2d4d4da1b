// How gRPC sends a batch of records that are serialized already.
#ifndef EMPTYCHAIR_CLIENT_ENCODED_BATCH_SERIALIZATION_H_
#define EMPTYCHAIR_CLIENT_ENCODED_BATCH_SERIALIZATION_H_

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <array>
#include <cstdint>

#include "emptychair/client/encoded_batch.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "google/protobuf/io/coded_stream.h"

namespace grpc {

template <>
class SerializationTraits<emptychair::EncodedFeedbackBatch, void> {
 public:
  // A StreamFeedbackRequest: the number, then the records.
  static Status Serialize(const emptychair::EncodedFeedbackBatch& batch, ByteBuffer* buffer,
                          bool* own_buffer) {
    constexpr uint8_t kVarint = 0;
    std::array<uint8_t, 11> head;
    head[0] = emptychair::v1::StreamFeedbackRequest::kBatchNumberFieldNumber << 3 | kVarint;
    const uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(
        static_cast<uint64_t>(batch.batch_number()), &head[1]);
    const std::array<Slice, 2> slices = {Slice(head.data(), static_cast<size_t>(end - head.data())),
                                         Slice(batch.records().data(), batch.records().size())};
    *buffer = ByteBuffer(slices.data(), slices.size());
    *own_buffer = true;
    return Status::OK;
  }
};

}  // namespace grpc

#endif  // EMPTYCHAIR_CLIENT_ENCODED_BATCH_SERIALIZATION_H_
