#include "microgpt/run/folder.hpp"

#include <ctime>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/run/line_file.hpp"

namespace microgpt::run {

RunFolder::RunFolder(const std::filesystem::path& experiments, const std::string& timestamp) {
  std::error_code failure;
  std::filesystem::create_directories(experiments, failure);
  bool made = false;
  for (int attempt = 1; !made && !failure; ++attempt) {
    path_ = experiments / (attempt == 1 ? timestamp : fmt::format("{}-{}", timestamp, attempt));
    made = std::filesystem::create_directory(path_, failure);
  }
  require(made, "{}: a folder for this run cannot be made there: {}", experiments.string(),
          failure.message());
}

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code failure;
  std::filesystem::create_directories(path_, failure);
  require(!failure && std::filesystem::is_directory(path_), "{}: cannot be made: {}",
          path_.string(), failure.message());
}

void link_latest(const RunFolder& run) {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::canonical(run.path(), failure);
  const std::filesystem::path link = folder.parent_path() / "latest";
  if (failure || folder == link) return;
  const auto kind = std::filesystem::symlink_status(link, failure).type();
  using Kind = std::filesystem::file_type;
  if (kind != Kind::symlink && kind != Kind::not_found) return;
  // Another run may start at the same time; renaming the link is atomic.
  const std::filesystem::path fresh = link.string() + "-" + folder.filename().string();
  std::filesystem::create_directory_symlink(folder.filename(), fresh, failure);
  if (!failure) std::filesystem::rename(fresh, link, failure);
}

std::filesystem::path latest_run(const std::filesystem::path& experiments) {
  std::error_code failure;
  if (std::filesystem::exists(experiments / "latest" / "journal", failure)) {
    return std::filesystem::canonical(experiments / "latest", failure);
  }
  std::filesystem::path latest;
  for (const auto& folder : std::filesystem::directory_iterator(experiments, failure)) {
    if (folder.is_symlink(failure) ||
        !std::filesystem::exists(folder.path() / "journal", failure)) {
      continue;
    }
    if (latest.empty() || folder.path().filename() > latest.filename()) latest = folder.path();
  }
  require(!latest.empty(), "{}: no run with a journal is there", experiments.string());
  return latest;
}

void RunFolder::write(const std::string& file, std::string_view text) const {
  require_regular_or_absent(path_ / file);
  write_file_atomically(path_ / file, text);
}

void RunFolder::remove(const std::string& file) const {
  require_regular_or_absent(path_ / file);
  std::error_code failure;
  std::filesystem::remove(path_ / file, failure);
  require(!failure, "{}: cannot be removed: {}", (path_ / file).string(), failure.message());
}

void RunFolder::append(const std::string& file, std::string_view text) const {
  LineFile(path_ / file).append(text);
}

void RunFolder::require_regular_files() const {
  for (const std::string_view file : kRunFiles) require_regular_or_absent(path_ / file);
  require_regular_or_absent(path_ / "run.log");
}

std::string timestamp_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d_%H-%M-%S", &local);
  return text;
}

}  // namespace microgpt::run
