@echo off
rem Runs phiquant on Windows: needs a JDK 25 or newer and, for the first run, Maven.
setlocal
set HOME_DIR=%~dp0
set JAR=%HOME_DIR%target\phiquant.jar
if not defined PHIQUANT_JAVA (
  if defined JAVA_HOME (set "PHIQUANT_JAVA=%JAVA_HOME%\bin\java.exe") else (set "PHIQUANT_JAVA=java")
)
if not exist "%JAR%" (
  echo Building phiquant ^(once^) ... 1>&2
  pushd "%HOME_DIR%"
  call mvn -q -B -ntp -DskipTests -Dspotless.check.skip package || exit /b 1
  popd
)
"%PHIQUANT_JAVA%" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:-BackgroundCompilation -Dstdout.encoding=UTF-8 -jar "%JAR%" %*
exit /b %ERRORLEVEL%
