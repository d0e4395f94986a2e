#include "cluster/isolation/frames.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <boost/serialization/string.hpp>

#include "cluster/isolation/child_process.hpp"

namespace microgpt::test {

using namespace cluster;
namespace {

/// Bytes that are not all alike.
std::string bytes_of(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * i % 251);
  return bytes;
}

/// Sends back each frame that it gets, and after it one byte.
void echo(int socket) {
  while (const std::optional<std::string> value = receive_frame<std::string>(socket)) {
    send_frame(socket, *value);
    send_all(socket, "!", 1);
  }
}

TEST(Frames, of_any_size_come_back_and_leave_what_follows) {
  const ChildProcess child = fork_child(echo);
  constexpr std::size_t kChunk = 64 << 10;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk - 100, kChunk, kChunk + 1,
                                 2 * kChunk, 10 * kChunk + 17}) {
    for (int times = 0; times < 2; ++times) {
      ASSERT_TRUE(send_frame(child.socket, bytes_of(size)));
      const std::optional<std::string> back = receive_frame<std::string>(child.socket);
      ASSERT_TRUE(back.has_value()) << size;
      EXPECT_EQ(*back, bytes_of(size));
      char after = 0;
      ASSERT_TRUE(receive_all(child.socket, &after, 1));
      EXPECT_EQ(after, '!') << size;
    }
  }
  close(child.socket);
  waitpid(child.id, nullptr, 0);
}

// Whatever the length is that is cut off: in a chunk, between chunks, before the end.
TEST(Frames, that_end_too_early_are_none) {
  const auto received = [](std::size_t cut) {
    const ChildProcess child = fork_child([&](int socket) {
      const ChildProcess writer = fork_child([](int to) { send_frame(to, bytes_of(200'000)); });
      std::string whole(300'000, '\0');
      std::size_t size = 0;
      while (receive_all(writer.socket, &whole[size], 1)) ++size;
      send_all(socket, whole.data(), size - cut);
    });
    const auto value = receive_frame<std::string>(child.socket);
    close(child.socket);
    waitpid(child.id, nullptr, 0);
    return value;
  };
  EXPECT_EQ(received(0), bytes_of(200'000));
  for (const std::size_t cut : {1U, 4U, 5U, 1000U, 100'000U, 199'000U}) {
    EXPECT_FALSE(received(cut).has_value()) << cut;
  }
}

TEST(Frames, cannot_be_sent_to_who_has_left) {
  const ChildProcess child = fork_child([](int) {});
  waitpid(child.id, nullptr, 0);
  EXPECT_FALSE(send_frame(child.socket, bytes_of(1'000'000)));
  EXPECT_FALSE(receive_frame<std::string>(child.socket).has_value());
  close(child.socket);
}

}  // namespace
}  // namespace microgpt::test
