@echo off
rem Runs phiquant on Windows: needs a JDK 25 or newer and, for the first run, Maven.
setlocal
set "HOME_DIR=%~dp0"
set "JAR=%HOME_DIR%target\phiquant.jar"
set "CACHE=%HOME_DIR%target\phiquant-quantize.aot"
if not defined PHIQUANT_JAVA (
  if defined JAVA_HOME (set "PHIQUANT_JAVA=%JAVA_HOME%\bin\java.exe") else (set "PHIQUANT_JAVA=java")
)
if not exist "%JAR%" (
  echo Building phiquant ^(once^) ... 1>&2
  pushd "%HOME_DIR%"
  call mvn -q -B -ntp -DskipTests -Dspotless.check.skip package || exit /b 1
  popd
  if exist "%CACHE%" del "%CACHE%"
)
set FLAGS=--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:PerMethodTrapLimit=100000 -XX:PerMethodRecompilationCutoff=100000 -XX:+UseSerialGC -Xlog:disable -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8
rem The options and caches that the shell script of the same name explains.
set NOW=-XX:CompileCommand=BackgroundCompilation
set SOON=-XX:CompileCommand=CompileThresholdScaling
set ENCODING=-XX:CompileCommand=quiet %NOW%,phiquant/quant/*.*,false %SOON%,phiquant/quant/*.*,0.01
set RUNNING=-XX:CompileCommand=quiet %NOW%,phiquant/run/*.*,false %SOON%,phiquant/run/*.*,0.03
set MORE=
for %%c in (inspect advise version completion) do if "%~1"=="%%c" set MORE=-XX:TieredStopAtLevel=1
for %%c in (run chat serve eval) do if "%~1"=="%%c" set MORE=%RUNNING%
for %%c in (quantize demo) do if "%~1"=="%%c" set MORE=%ENCODING%
if "%MORE%"=="%ENCODING%" (
  if not exist "%CACHE%" "%PHIQUANT_JAVA%" %FLAGS% %ENCODING% "-XX:AOTCacheOutput=%CACHE%" -jar "%JAR%" rehearse > nul 2>&1
  if exist "%CACHE%" set MORE=%ENCODING% "-XX:AOTCache=%CACHE%"
)
"%PHIQUANT_JAVA%" %FLAGS% %MORE% -jar "%JAR%" %*
exit /b %ERRORLEVEL%
