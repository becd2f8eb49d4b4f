# retryspec_embed(TARGET FOLDER): a static library with every *.jsonc and *.json
# file below FOLDER as bytes, read through model/embedded.h.
function(retryspec_embed target folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/${folder}
       ${PROJECT_SOURCE_DIR}/${folder}/*.jsonc ${PROJECT_SOURCE_DIR}/${folder}/*.json)
  list(SORT files)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}.c)
  set(inputs "")
  foreach(file IN LISTS files)
    list(APPEND inputs ${PROJECT_SOURCE_DIR}/${folder}/${file})
  endforeach()
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DROOT=${PROJECT_SOURCE_DIR}/${folder}
            "-DFILES=${files}" -P ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_write.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_write.cmake
    VERBATIM)
  add_library(${target} STATIC ${out})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()
