# Run by embed.cmake at build time: writes OUT, a C file holding FILES, sorted by name.
set(arrays "")
set(table "")
set(index 0)
foreach(file IN LISTS FILES)
  if(file MATCHES "^adapters/")
    file(READ ${ROOT}/${file} hex HEX)
  else()
    file(READ ${ROOT}/scenarios/${file} hex HEX)
  endif()
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char file_${index}[] = {${bytes}0};\n")
  string(APPEND table
    "    {\"${file}\", (const char *)file_${index}, sizeof file_${index} - 1},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT} "#include \"model/embedded.h\"\n${arrays}
const struct embedded_file embedded_files[] = {\n${table}    {0, 0, 0},\n};\n")
