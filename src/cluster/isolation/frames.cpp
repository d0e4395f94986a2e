#include "frames.hpp"

#include <cstdint>
#include <cstring>

#include "child_process.hpp"

namespace microgpt::cluster {

namespace {

using Length = std::uint32_t;
constexpr std::size_t kChunk = 64 << 10;

}  // namespace

FrameWriter::FrameWriter(int socket)
    : socket_(socket),
      chunk_(std::make_unique_for_overwrite<char[]>(sizeof(Length) + kChunk + sizeof(Length))) {
  char* const begin = chunk_.get() + sizeof(Length);
  setp(begin, begin + kChunk);
}

auto FrameWriter::overflow(int_type next) -> int_type {
  send_chunk(false);
  if (next != traits_type::eof()) sputc(traits_type::to_char_type(next));
  return traits_type::not_eof(next);
}

bool FrameWriter::finish() {
  send_chunk(true);
  return open_;
}

void FrameWriter::send_chunk(bool is_last) {
  const auto length = static_cast<Length>(pptr() - pbase());
  constexpr Length kEnd = 0;
  std::memcpy(chunk_.get(), &length, sizeof length);
  std::size_t size = length == 0 ? 0 : sizeof length + length;
  if (is_last) {
    std::memcpy(chunk_.get() + size, &kEnd, sizeof kEnd);
    size += sizeof kEnd;
  }
  open_ = open_ && send_all(socket_, chunk_.get(), size);
  setp(pbase(), epptr());
}

auto FrameReader::underflow() -> int_type {
  if (gptr() < egptr()) return traits_type::to_int_type(*gptr());
  if (ended_ || !open_) return traits_type::eof();
  Length length = 0;
  open_ = receive_all(socket_, &length, sizeof length);
  ended_ = open_ && length == 0;
  if (!open_ || ended_) return traits_type::eof();
  chunk_.resize(length);
  open_ = receive_all(socket_, chunk_.data(), length);
  if (!open_) return traits_type::eof();
  setg(chunk_.data(), chunk_.data(), chunk_.data() + length);
  return traits_type::to_int_type(*gptr());
}

}  // namespace microgpt::cluster
