@echo off
rem Runs phiquant on Windows: needs a JDK 25 or newer and, for the first run, Maven. A copy of it is in what
rem people install, beside the Java that belongs to it.
setlocal
set "HOME_DIR=%~dp0"
set "BUILT=%HOME_DIR%program\target"
set "JAR=%BUILT%\phiquant.jar"
set PROGRAM=--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -jar "%JAR%"
if exist "%HOME_DIR%..\lib\phiquant" (
  set "BUILT=%HOME_DIR%..\lib\phiquant"
  set "PHIQUANT_JAVA=%HOME_DIR%java.exe"
  set PROGRAM=-XX:+UnlockExperimentalVMOptions -XX:+UnlockDiagnosticVMOptions -XX:+EnableVectorSupport -XX:+EnableVectorReboxing -XX:+EnableVectorAggressiveReboxing -XX:+UseVectorStubs --enable-native-access=phiquant --add-opens=java.base/java.io=phiquant -m phiquant/phiquant.cli.Main
  goto ready
)
if not defined PHIQUANT_JAVA (
  if defined JAVA_HOME (set "PHIQUANT_JAVA=%JAVA_HOME%\bin\java.exe") else (set "PHIQUANT_JAVA=java")
)
if not exist "%JAR%" (
  echo Building phiquant ^(once^) ... 1>&2
  pushd "%HOME_DIR%"
  call mvn -q -B -ntp -DskipTests -Dspotless.check.skip -Dmaven.source.skip -Dmaven.javadoc.skip package || exit /b 1
  popd
  del /q "%BUILT%\phiquant-*.aot" 2> nul
)
:ready
set FLAGS=-XX:PerMethodTrapLimit=100000 -XX:PerMethodRecompilationCutoff=100000 -XX:+UseSerialGC -Xlog:disable -Djava.awt.headless=true -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8
rem The options and caches that the shell script of the same name explains.
set NOW=-XX:CompileCommand=BackgroundCompilation
set SOON=-XX:CompileCommand=CompileThresholdScaling
set VECTORS=
if exist "%HOME_DIR%..\lib\phiquant" set VECTORS=%NOW%,jdk/incubator/vector/*.*,false
set KIND=quantize
set ENCODING=-XX:CompileCommand=quiet %NOW%,phiquant/quant/*.*,false %SOON%,phiquant/quant/*.*,0.01
set LEARNING=-XX:-AOTClassLinking %ENCODING%
set MORE=
set SHORT=
for %%c in (inspect advise version completion) do if "%~1"=="%%c" set SHORT=-XX:TieredStopAtLevel=1
for %%c in (run chat serve eval calibrate) do if "%~1"=="%%c" (
  set KIND=run
  set LEARNING=-XX:CompileCommand=quiet %NOW%,phiquant/run/*.*,false %VECTORS% %SOON%,phiquant/run/*.*,0.03
  set MORE=-XX:CompileCommand=quiet %NOW%,phiquant/run/*.*,false %VECTORS% %SOON%,phiquant/run/*.*,0.03
)
for %%c in (quantize demo) do if "%~1"=="%%c" set MORE=%ENCODING%
set "CACHE=%BUILT%\phiquant-%KIND%.aot"
if not exist "%CACHE%" "%PHIQUANT_JAVA%" %FLAGS% %LEARNING% "-XX:AOTCacheOutput=%CACHE%" %PROGRAM% rehearse %KIND% > nul 2>&1
if exist "%CACHE%" set MORE=%MORE% "-XX:AOTCache=%CACHE%"
"%PHIQUANT_JAVA%" %FLAGS% %MORE% %SHORT% %PROGRAM% %*
exit /b %ERRORLEVEL%
