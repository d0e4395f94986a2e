#include "descriptor.hpp"

#include <poll.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "microgpt/core/stop.hpp"

namespace microgpt::core {

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

bool Descriptor::close_now() { return close(std::exchange(number_, -1)) == 0; }

void wait_for(int descriptor, short event) {
  constexpr int kBetweenLooks = 50;  // milliseconds
  pollfd waiting = {.fd = descriptor, .events = event, .revents = 0};
  do {
    throw_if_stop_requested();
  } while (poll(&waiting, 1, kBetweenLooks) <= 0);
}

std::string meaning_of(int error) { return std::generic_category().message(error); }

}  // namespace microgpt::core
