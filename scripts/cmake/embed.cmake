# retryspec_embed(TARGET): a static library with the data files as bytes, read
# through model/embedded.h: every *.jsonc and *.json file below scenarios/, named
# from there, and adapters/*, named "adapters/...".
function(retryspec_embed target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/scenarios
       ${PROJECT_SOURCE_DIR}/scenarios/*.jsonc ${PROJECT_SOURCE_DIR}/scenarios/*.json)
  file(GLOB adapters CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
       ${PROJECT_SOURCE_DIR}/adapters/adapter.*)
  set(inputs ${adapters})
  list(TRANSFORM inputs PREPEND ${PROJECT_SOURCE_DIR}/)
  foreach(file IN LISTS files)
    list(APPEND inputs ${PROJECT_SOURCE_DIR}/scenarios/${file})
  endforeach()
  list(APPEND files ${adapters})
  list(SORT files)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DROOT=${PROJECT_SOURCE_DIR}
            "-DFILES=${files}" -P ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_write.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_write.cmake
    VERBATIM)
  add_library(${target} STATIC ${out})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()
