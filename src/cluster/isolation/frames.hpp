#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <streambuf>
#include <vector>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>

// Values that processes of one machine send each other. A frame is a value as Boost writes it, cut
// into chunks, so that a large dataset is on its way without being there a second time: the length
// of a chunk, as a std::uint32_t, and then its bytes; after the last one, length 0.
namespace microgpt::cluster {

/// Sends a frame while it is written.
class FrameWriter : public std::streambuf {
 public:
  explicit FrameWriter(int socket);
  /// Sends what is left, and the end. False if the other side has closed; what was written since
  /// then is lost.
  bool finish();

 private:
  int_type overflow(int_type next) override;
  void send_chunk(bool is_last);

  int socket_;
  bool open_ = true;
  std::unique_ptr<char[]> chunk_;  // with room for its length, and for that of the end
};

/// Receives a frame while it is read, and no byte of what follows it.
class FrameReader : public std::streambuf {
 public:
  explicit FrameReader(int socket) : socket_(socket) {}
  /// Whether the whole frame is there, and was read.
  bool finish() { return underflow() == traits_type::eof() && ended_; }

 private:
  int_type underflow() override;

  int socket_;
  bool ended_ = false, open_ = true;
  std::vector<char> chunk_;
};

/// Sends a value. False if the other side has closed.
template <class T>
bool send_frame(int socket, const T& value) {
  FrameWriter frame(socket);
  std::ostream stream(&frame);
  boost::archive::binary_oarchive(stream) & value;
  return frame.finish();
}

/// Nothing if the other side has closed.
template <class T>
std::optional<T> receive_frame(int socket) {
  FrameReader frame(socket);
  std::istream stream(&frame);
  std::optional<T> value(std::in_place);
  try {
    boost::archive::binary_iarchive(stream) & *value;
  } catch (const boost::archive::archive_exception&) {
    return std::nullopt;  // it ends in the middle
  }
  return frame.finish() ? std::move(value) : std::nullopt;
}

}  // namespace microgpt::cluster
