# Before a script that runs docker: keeps of the environment what says which engine is meant, and where things are. What a
# caller happens to have set changes neither the files that compose reads nor the values it fills in.
# Variables of IMT stay, by which the processes of a command are found when it has to be ended.
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $name in
  PATH | HOME | USER | LOGNAME | LANG | LC_ALL | TMPDIR | XDG_RUNTIME_DIR | IMT_*) ;;
  DOCKER_HOST | DOCKER_CONTEXT | DOCKER_CONFIG | DOCKER_TLS_VERIFY | DOCKER_CERT_PATH | DOCKER_API_VERSION) ;;
  *) unset "$name" 2>/dev/null || : ;;
  esac
done
