# One relocatable directory: bin/, lib/ (what libhwloc needs, found through $ORIGIN), share/pcluster/.
set_target_properties(pcluster PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
install(TARGETS pcluster RUNTIME DESTINATION bin)
install(DIRECTORY templates site-configs DESTINATION share/pcluster)
