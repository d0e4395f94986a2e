# Makes one HTML file of page/report.html, its styles and its scripts.
# Run as: cmake -D PAGE=<report.html> -D OUTPUT=<file> -P inline_page.cmake
get_filename_component(folder ${PAGE} DIRECTORY)
file(READ ${PAGE} page)

# Puts each file that a line of the form `before file after` names in place of that line.
function(inline before after opening closing)
  string(REGEX MATCHALL "\n${before}[^\"]*${after}" lines "${page}")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "\n${before}([^\"]*)${after}" "\\1" file "${line}")
    file(READ ${folder}/${file} content)
    string(FIND "${content}" "${closing}" end)
    if(NOT end EQUAL -1)
      message(FATAL_ERROR "${file} holds ${closing}, which would end its element")
    endif()
    string(REPLACE "${line}" "\n${opening}\n${content}${closing}" page "${page}")
  endforeach()
  set(page "${page}" PARENT_SCOPE)
endfunction()

inline("<link rel=\"stylesheet\" href=\"" "\">" "<style>" "</style>")
inline("<script src=\"" "\"></script>" "<script>" "</script>")
file(WRITE ${OUTPUT} "${page}")
