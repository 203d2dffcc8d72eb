# SPDX-License-Identifier: MIT-0
# microlith_add_model(TARGET kws MODEL models/kws.tflite [OPTIONS --target cortex-m4 ...])
#
# Adds a static library of that name with the model and its runtime; include kws.h. C is generated
# when CMake configures, which it does anew whenever the model changes; files that stay the same
# are not written. Installed by `microlith add`.

find_program(MICROLITH microlith REQUIRED)

function(microlith_add_model)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "TARGET;MODEL" "OPTIONS")
  if(NOT ARG_TARGET OR NOT ARG_MODEL)
    message(FATAL_ERROR "microlith_add_model needs TARGET and MODEL")
  endif()
  get_filename_component(model "${ARG_MODEL}" ABSOLUTE)
  set(directory "${CMAKE_CURRENT_BINARY_DIR}/microlith/${ARG_TARGET}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${model}")
  execute_process(
    COMMAND "${MICROLITH}" generate "${model}" --name "${ARG_TARGET}" --project library --force
            -o "${directory}" ${ARG_OPTIONS}
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "microlith could not compile ${ARG_MODEL}")
  endif()
  file(GLOB_RECURSE sources "${directory}/model/*.c" "${directory}/microlith/*.c")
  add_library(${ARG_TARGET} STATIC ${sources})
  target_include_directories(${ARG_TARGET} PUBLIC "${directory}/model" "${directory}/microlith"
                                                  "${directory}/microlith/include")
  target_compile_options(${ARG_TARGET} PRIVATE -std=c11 -O2 -ffp-contract=off)
  target_link_libraries(${ARG_TARGET} PUBLIC m)
endfunction()
