// Feeds every file of a folder to a fuzz target, without libFuzzer: any compiler can check that
// past findings stay fixed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void replay(const std::filesystem::path& folder) {
  using Folder = std::filesystem::directory_iterator;
  std::vector<std::filesystem::path> files(begin(Folder(folder)), end(Folder()));
  microgpt::core::require(!files.empty(), "{}: there is nothing to replay", folder.string());
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());  // if the process ends here, it was this one
    const std::string bytes = microgpt::core::read_file(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    microgpt::core::require(argc == 2, "usage: replay FOLDER");
    replay(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
