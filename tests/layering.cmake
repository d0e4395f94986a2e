# A layer includes only what stands below it, and only its own private headers. Run as:
# cmake -D ROOT=<source> -P layering.cmake

# Whatever matches header_regex may be included only from files that match allowed_regex.
function(only_in header_regex allowed_regex)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/include/*.hpp ${ROOT}/src/*.hpp ${ROOT}/src/*.cpp)
  list(LENGTH files count)
  if(count LESS 20)
    message(SEND_ERROR "only ${count} files found below ${ROOT}")
  endif()
  foreach(file IN LISTS files)
    file(STRINGS ${ROOT}/${file} hits REGEX "^ *# *include *[<\"]${header_regex}")
    if(hits AND NOT file MATCHES "^(${allowed_regex})")
      message(SEND_ERROR "${file} may not include: ${hits}")
    endif()
  endforeach()
endfunction()

# Third-party headers.
only_in("(mpi\\.h|boost/)" "src/cluster/|src/evolution/finals\\.cpp")
only_in("cereal/" "src/genome/genome_json\\.cpp")
only_in("rapidjson/" "src/core/json\\.cpp")
only_in("spdlog/" "src/run/log\\.cpp")
only_in("csv\\.h>" "src/run/csv\\.cpp")
only_in("CLI/" "src/apps/(choice|command_line|manual|creature|evolve_report|search/options)")
only_in("hwy/" "src/autograd/kernels")
only_in("Random123/" "src/core/random\\.cpp")
only_in("nettle/" "src/core/files\\.cpp")
only_in("utf8(proc)?\\.h" "src/core/text\\.cpp")

# Our own layers, each with those that may use it.
set(layers core autograd model training genome evolution cluster analysis run report)
set(users_of_core "core|autograd|model|training|genome|evolution|cluster|analysis|run|report")
set(users_of_autograd "autograd|model|training")
set(users_of_model "model|training|genome|evolution")
set(users_of_training "training|genome|evolution")
set(users_of_genome "genome|evolution|cluster|analysis|run|report")
set(users_of_evolution "evolution|cluster|analysis|run|report")
set(users_of_cluster "cluster")
set(users_of_analysis "analysis|run|report")
set(users_of_run "run|report")
set(users_of_report "report")
foreach(layer IN LISTS layers)
  only_in("microgpt/${layer}/" "src/apps/|(include/microgpt|src)/(${users_of_${layer}})/")
  # Headers in src/ are private. A few of core's are for all layers.
  if(NOT layer STREQUAL "core")
    only_in("${layer}/" "src/${layer}/")
  endif()
endforeach()
