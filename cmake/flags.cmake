# One interface target carries every compiler and linker flag.
include(CheckCCompilerFlag)
add_library(mg_flags INTERFACE)

target_compile_definitions(mg_flags INTERFACE _GNU_SOURCE)
target_compile_options(mg_flags INTERFACE
	-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla
	-Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
	-fno-strict-aliasing -fno-common)
if(MTLSGATE_WERROR)
	target_compile_options(mg_flags INTERFACE -Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(mg_flags INTERFACE
		-Wduplicated-cond -Wlogical-op -Wjump-misses-init)
endif()

if(MTLSGATE_HARDENING)
	target_compile_options(mg_flags INTERFACE -fstack-protector-strong)
	foreach(flag -fstack-clash-protection -fcf-protection=full)
		string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
		check_c_compiler_flag(${flag} ${have})
		if(${have})
			target_compile_options(mg_flags INTERFACE ${flag})
		endif()
	endforeach()
	# FORTIFY needs optimisation, and hides accesses from the sanitizers.
	if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT MTLSGATE_SANITIZE)
		target_compile_options(mg_flags INTERFACE
			-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
	endif()
	include(CheckPIESupported)
	check_pie_supported()
	target_link_options(mg_flags INTERFACE
		-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

if(MTLSGATE_SANITIZE)
	target_compile_options(mg_flags INTERFACE
		-fsanitize=${MTLSGATE_SANITIZE} -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_link_options(mg_flags INTERFACE
		-fsanitize=${MTLSGATE_SANITIZE})
endif()
if(MTLSGATE_COVERAGE)
	target_compile_options(mg_flags INTERFACE --coverage)
	target_link_options(mg_flags INTERFACE --coverage)
endif()
